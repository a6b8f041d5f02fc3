#!/usr/bin/env bash
# Installs the Debian packages of tools/packages.txt that are missing, and says which.
# install_packages.sh [--without-tests]: not those that only tests need
set -euo pipefail

list="$(dirname "${BASH_SOURCE[0]}")/packages.txt"
unwanted=()
[ "${1:-}" != --without-tests ] || unwanted=(-e '/^# only tests/,$d')
mapfile -t wanted < <(sed "${unwanted[@]}" -e 's/#.*//' -e '/^[[:space:]]*$/d' "$list")

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
    missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "packages: all ${#wanted[@]} of tools/packages.txt are installed"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "install_packages: these packages are missing and there is no sudo to install them with:" \
      "${missing[*]}. Install them as root and run this again." >&2
    exit 3
  }
  as_root=(sudo)
fi
echo "packages: installing ${missing[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  "${missing[@]}"
