// The numbers Linux gives to flags and advices, where the C library's headers may lack them.
#pragma once

#include <sys/mman.h>

namespace pagesim {

inline constexpr int kMadvCold = 20;
inline constexpr int kMadvPageout = 21;
inline constexpr int kMadvPopulateRead = 22;
inline constexpr int kMadvPopulateWrite = 23;
inline constexpr int kMadvCollapse = 25;
inline constexpr int kMadvGuardInstall = 102;
inline constexpr int kMadvGuardRemove = 103;
inline constexpr int kMremapMaymove = 1;
inline constexpr int kMremapFixed = 2;
inline constexpr int kMremapDontunmap = 4;
inline constexpr int kMlockOnfault = 1;

}  // namespace pagesim
