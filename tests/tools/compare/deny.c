/* deny ERRNO PROGRAM ARG...: PROGRAM, and all it starts, is refused perf_event_open with ERRNO, as
 * containers refuse it. */
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char** arguments) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (count < 3 || filter == NULL) return 2;
  const uint32_t refusal = SCMP_ACT_ERRNO((uint32_t)atoi(arguments[1]));
  if (seccomp_rule_add(filter, refusal, SCMP_SYS(perf_event_open), 0) != 0) return 3;
  if (seccomp_load(filter) != 0) return 3;
  execvp(arguments[2], arguments + 2);
  return 127;
}
