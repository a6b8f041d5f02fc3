#!/usr/bin/env bash
# From nothing to the main job: installs what is missing, builds, and runs `faultline demo`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/install_packages.sh --without-tests
cmake --preset release -DBUILD_TESTING=OFF
cmake --build --preset release
exec build/release/bin/faultline demo "$@"
