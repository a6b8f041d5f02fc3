#!/usr/bin/env bash
# From nothing to a tested build: installs what is missing, builds, and runs every test.
# Arguments go to ctest, for example: tools/test.sh -R truth.mm
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/install_packages.sh --without-tests
tools/install_packages.sh || echo 'test: the tests of the programs that are missing will be skipped' >&2
cmake --preset release -DBUILD_TESTING=ON
cmake --build --preset release
exec ctest --preset release --parallel "$(nproc)" "$@"
