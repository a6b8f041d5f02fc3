# stress-ng's malloc and fork stressors, with its own verification.
# needs: stress-ng
[ "$SCALE" = long ] && operations=300000 || operations=20000
stress-ng --no-rand-seed --malloc 2 --malloc-ops "$operations" --malloc-pthreads 2 --verify \
  --fork 1 --fork-ops 300 --temp-path . >log 2>&1 || { cat log; exit 1; }
grep -oE 'successful run completed|passed: [0-9]+|failed: [0-9]+' log
