/* What faultline-launch is sent to begin. */
#pragma once

#include <linux/filter.h>

#define LAUNCH_MOST_INSTRUCTIONS 255

/* A seccomp filter the program is to run under; length 0: none. */
struct LaunchFilter {
  unsigned short length;
  struct sock_filter instructions[LAUNCH_MOST_INSTRUCTIONS];
};
