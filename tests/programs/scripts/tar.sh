# tar with xz -T2: packs a tree with two threads and unpacks it again.
# needs: tar xz sha256sum
[ "$SCALE" = long ] && files=2000 || files=150
mkdir tree
for ((i = 0; i < files; ++i)); do seq "$i" 37 $((i * 5 + 40000)) >"tree/$i"; done
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c tree |
  xz -T2 --block-size=256KiB -1 >tree.tar.xz
sha256sum tree.tar.xz
mkdir out
xz -dc -T2 tree.tar.xz | tar -x -C out
diff -r tree out/tree && echo same
