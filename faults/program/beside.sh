#!/bin/sh
# Stock git as people script it, on a repository that others work on, too: for each effect a worktree, an edit, a commit, and then a merge
# or a rebase onto the branch in the main tree; between two of them what goes on in a repository by itself. A command that finds a
# lock, or that the branch has moved, is tried again. What has settled is a line of the log.
# In the main tree one such script waits for the other: several git commands that change one working tree at once lose commits, leave
# files and stale indexes behind, also where nobody else is at work.
#   beside.sh <repository> <folder for worktrees> <log> <grace of git prune> <id>:<slot>...
repository=$1 trees=$2 log=$3 grace=$4
shift 4
cd "$repository" || exit 1
mkdir -p "$trees"
exec 9>"$trees.turn"

in_turn() {
  flock 9
  "$@"
  status=$?
  flock -u 9
  return $status
}

nap() { sleep "0.0$(($(od -An -N1 -tu1 /dev/urandom) % 8 + 1))"; }

# Until no lock stops it; what else stops it is told.
again() {
  try=0
  while [ $try -lt 1000 ]; do
    said=$("$@" 2>&1) && return 0
    case $said in
      *.lock* | *"cannot lock"* | *"nother git process"* | *"gc is already running"*) nap ;;
      # Git makes a worktree file by file, and another git that looks at it meanwhile stops. Only at those of these scripts: not at ours.
      *"failed to read .git/worktrees/p"*) nap ;;
      *) return 1 ;;
    esac
    try=$((try + 1))
  done
  return 1
}

give_up() {
  echo "$id: $1: $said" >&2
  exit 1
}

# Git reads the index before it locks it. When the branch moves in between, its commit is refused, but by then an index from before has
# taken the place of the new one: whoever committed that would revert what has just landed. So nothing stays staged. (Not `git reset`
# alone, nor `git merge --abort`: they would also move the branch back to where they have seen it.)
unstage() {
  git merge --quit
  again git reset -q -- .
  git cat-file -e "HEAD:script/$id.txt" 2>/dev/null || rm -f "script/$id.txt"
}

merge() {
  git merge -q "$1" "$id" >/dev/null 2>&1 && return 0
  unstage
  return 1
}

onto_main() {
  turn=0
  while [ $turn -lt 500 ]; do
    if [ $((number % 2)) = 0 ]; then
      again git -C "$tree" rebase -q main || git -C "$tree" rebase --abort 2>/dev/null
      in_turn merge --ff-only && return 0
    else
      in_turn merge --no-edit && return 0
    fi
    turn=$((turn + 1))
    nap
  done
  return 1
}

settle() {
  again git worktree add -q -b "$id" "$tree" main || give_up "worktree add"
  mkdir -p "$tree/script"
  echo "made by $id" >"$tree/script/$id.txt"
  [ $((number % 3)) = 0 ] || sed -i "s/^slot $slot: free\$/slot $slot: $id/" "$tree/shared/slots.txt"
  again git -C "$tree" add -A || give_up add
  again git -C "$tree" commit -q -m "script $id" || give_up commit
  onto_main || give_up merge
  again git worktree remove "$tree" || give_up "worktree remove"
  again git branch -q -D "$id" || give_up "branch -D"
}

commit_by_hand() {
  mkdir -p byhand
  echo "by hand, $id" >"byhand/$id.txt"
  turn=0
  while [ $turn -lt 500 ]; do
    again git add "byhand/$id.txt" && { git commit -q -m "by hand" "$@" >/dev/null 2>&1 || unstage; }
    [ -z "$(git status --porcelain "byhand/$id.txt")" ] && return 0
    turn=$((turn + 1))
    nap
  done
  give_up "commit by hand"
}

by_itself() {
  case $((number % 8)) in
    0) again git gc -q ;;
    1) again git repack -adq ;;
    2) again git prune --expire="$grace" ;;
    3) again git push -q origin "main:refs/heads/seen-$id" && again git fetch -q origin ;;
    4) commit_by_hand ;;
    5) commit_by_hand -- "byhand/$id.txt" ;;
    6) again git pack-refs --all ;;
    7) again git worktree prune ;;
  esac
  # A gc that finds another one, or objects that come and go while it looks, is no matter of anybody's.
  return 0
}

for effect; do
  id=${effect%:*} slot=${effect#*:}
  number=$(expr "$slot" + 0) tree=$trees/$id
  settle
  echo "$id" >>"$log"
  in_turn by_itself
done
