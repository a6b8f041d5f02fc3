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
./redis-server --port 0 --unixsocket socket --save '' --appendonly no >log &
for ((i = 0; i < 200; ++i)); do
  redis-cli -s socket ping >answer 2>/dev/null && break
  sleep 0.02
done
redis-benchmark -s socket -n "$requests" -c 20 -r 10000 -q -t set,get,lpush,lrange_100,mset >result
redis-cli -s socket shutdown nosave
wait
