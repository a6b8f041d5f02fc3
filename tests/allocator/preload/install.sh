#!/usr/bin/env bash
# Installs the library, and builds and runs a program against it in every way a user would.
# install.sh BUILD_TREE PROGRAM_SOURCE WORK_FOLDER
set -euo pipefail
build=$1 source=$2 work=$3
rm -rf "$work"
mkdir -p "$work/consumer"
cmake --install "$build" --prefix "$work/prefix" --component ptmalloc >/dev/null
config=$(find "$work/prefix" -name ptmalloc.pc)
[ -s "$work/prefix/share/man/man7/libfaultline.7" ] || { echo 'the manual page was not installed'; exit 1; }
export PKG_CONFIG_PATH=${config%/*} LD_LIBRARY_PATH=${config%/*/*}

runs_on_ptmalloc() { # runs_on_ptmalloc HOW PROGRAM: FAULTLINE_STATS is heard by nobody else
  FAULTLINE_STATS=1 "$2" 2>"$work/said"
  grep -q '^  operations ' "$work/said" || { echo "$1: malloc is not ptmalloc's"; exit 1; }
}

read -ra flags <<<"$(pkg-config --cflags --libs ptmalloc)"
cc "$source" -o "$work/shared" "${flags[@]}"
runs_on_ptmalloc 'pkg-config' "$work/shared"
cc -static "$source" -o "$work/static" "${flags[@]}" 2>"$work/linker"
runs_on_ptmalloc 'pkg-config, statically' "$work/static"

cat >"$work/consumer/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES C)
find_package(ptmalloc REQUIRED)
add_executable(shared $source)
target_link_libraries(shared ptmalloc::ptmalloc)
add_executable(static $source)
target_link_libraries(static ptmalloc::static)
CMAKE
cmake -S "$work/consumer" -B "$work/consumer/build" -G Ninja \
  -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/consumer/build" >/dev/null
runs_on_ptmalloc 'find_package' "$work/consumer/build/shared"
runs_on_ptmalloc 'find_package, statically' "$work/consumer/build/static"

# A program that is another user's by setuid heeds no variable.
if [ "$(id -u)" != 0 ]; then
  echo 'skipped: only root can run a setuid program as somebody else'
elif findmnt -no OPTIONS -T /tmp | grep -qw nosuid; then
  echo 'skipped: /tmp is mounted nosuid'
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  chmod 755 "$folder"
  cp "$work/static" "$folder/program"
  chmod 4755 "$folder/program"
  as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  FAULTLINE_STATS=1 "${as_nobody[@]}" "$folder/program" 2>"$work/said"
  [ ! -s "$work/said" ] || { echo 'setuid: FAULTLINE_STATS was heeded'; exit 1; }
  chmod 755 "$folder/program"
  FAULTLINE_STATS=1 "${as_nobody[@]}" "$folder/program" 2>"$work/said"
  grep -q '^  operations ' "$work/said" || { echo 'without setuid: nothing was said'; exit 1; }
fi
