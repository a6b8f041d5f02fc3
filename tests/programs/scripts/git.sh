# git: many commits, branches, a merge, gc, fsck, a clone.
# needs: git
[ "$SCALE" = long ] && commits=1000 || commits=25
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
git log --stat --format='%H %s' -n 10
git diff HEAD~8 HEAD | wc -l
git -c pack.threads=2 gc -q --prune=now
git fsck --no-progress
git count-objects -v | grep -E 'packs|in-pack'
git clone -q . ../clone
git -C ../clone log --oneline | wc -l
