# git: many commits (most of the long form's by fast-import), branches, gc, fsck, a clone.
# needs: git
[ "$SCALE" = long ] && commits=100 imported=10000 || commits=25 imported=50
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A
export GIT_COMMITTER_EMAIL=a@example.org
git init -q -b main repository
cd repository
git config gc.auto 0
for ((i = 0; i < commits; ++i)); do
  seq "$i" $((i + 400)) >"file$((i % 10))"
  git add .
  GIT_AUTHOR_DATE="@$((1700000000 + i)) +0000" GIT_COMMITTER_DATE="@$((1700000000 + i)) +0000" \
    git commit -q -m "commit $i"
done
git branch other HEAD~5
awk -v n="$imported" 'BEGIN {
  for (i = 1; i <= n; ++i) {
    text = ""
    for (line = 0; line < 120; ++line) text = text "line " line " of " (line == i % 120 ? i : 0) "\n"
    printf "commit refs/heads/imported\ncommitter A <a@example.org> %d +0000\n", 1600000000 + i
    printf "data <<END\ncommit %d\nEND\n", i
    printf "M 100644 inline dir%d/file%d\ndata %d\n%s\n", i % 20, i % 400, length(text), text
  }
}' | git fast-import --quiet
git log --stat --format='%H %s' -n 10
git diff HEAD~8 HEAD | wc -l
git -c pack.threads=2 gc -q --prune=now
git fsck --no-progress
git count-objects -v | grep -E 'packs|in-pack'
git clone -q . ../clone
git -C ../clone log --oneline | wc -l
