# redis-server under redis-benchmark. The server goes by two names; the one it comes with in Debian's
# redis-tools starts no service of the machine's.
# needs: redis-check-rdb redis-benchmark redis-cli
ln -s "$(command -v redis-check-rdb)" redis-server
[ "$SCALE" = long ] && requests=100000 || requests=2000
./redis-server --port 0 --unixsocket "$PWD/socket" --save '' --appendonly no --daemonize no >log &
server=$!
for ((i = 0; i < 200; ++i)); do
  redis-cli -s socket ping >answer 2>/dev/null && break
  sleep 0.02
done
cat answer
redis-benchmark -s socket -n "$requests" -c 20 -r 1000 --csv \
  -t set,get,incr,lpush,rpop,sadd,hset,lrange_100,mset | cut -d, -f1
redis-cli -s socket llen mylist
redis-cli -s socket flushall
redis-cli -s socket shutdown nosave
wait "$server"
