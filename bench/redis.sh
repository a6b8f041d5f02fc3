#!/usr/bin/env bash
# redis.sh [REQUESTS]: redis-server under redis-benchmark, started and ended in one command, so that
# `faultline compare -- bash bench/redis.sh` sees all of it. The server of Debian's redis-tools goes by
# the name of redis-check-rdb.
set -euo pipefail
requests=${1:-20000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ln -s "$(command -v redis-server || command -v redis-check-rdb)" redis-server
# The server says when it is ready. To ask it again and again starts programs each time, and how many
# depends on the machine's load. What still differs from run to run, as root and as an ordinary user,
# are redis-benchmark's faults (a fiftieth of all): its histogram has a page for every few latencies
# that occur. Those of redis-server and of all else do not.
coproc server { exec ./redis-server --port 0 --unixsocket socket --save '' --appendonly no; }
while read -r line <&"${server[0]}" && [[ $line != *"ready to accept"* ]]; do :; done
redis-benchmark -s socket -n "$requests" -c 20 -r 10000 -q -t set,get,lpush,lrange_100,mset >result
redis-cli -s socket shutdown nosave
wait
