#!/bin/sh
# Clears up in a repository without any grace, again and again, as long as a file is there: what no ref, index or HEAD reaches goes at
# once.
#   janitor.sh <repository> <file>
cd "$1" || exit 1
while [ -e "$2" ]; do
  git gc -q --prune=now
  git prune
  git repack -adq
  git worktree prune
  git pack-refs --all
done 2>/dev/null
exit 0
