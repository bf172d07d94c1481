#!/bin/sh
# The same effects as effects.mjs has, by a shell script over `git worktree` as people write one: worktrees and tasks side by side, then
# one merge after the other in the main tree. It is not careless: what is on the log is not done again, a branch that has its commit is
# merged and not made anew, an effect that fails or conflicts keeps its worktree and its branch.
#   script.sh <repository> <base> <folder for worktrees> <log>
# Lines of the log: "ended <id>" (its task), "landed <id>", "kept <id>", and "finished".
repository=$1 base=$2 trees=$3 log=$4
cd "$repository" || exit 1
mkdir -p "$trees"
effects="edit grow remove flip rename command same fail merged clash users"

tell() {
  echo "$1" >>"$log" && sync "$log"
}

told() {
  grep -qsx "$1" "$log"
}

task() {
  case $1 in
    edit) for name in one two three; do echo edited >>"src/a/$name.txt"; done && echo new >src/a/new.txt ;;
    grow)
      mkdir -p grown/deep/er && echo grown >grown/deep/er/file.txt &&
        yes 0123456789abcde | head -n 20000 >grown/large.txt &&
        echo '#!/bin/sh' >grown/run.sh && chmod +x grown/run.sh && ln -s run.sh grown/link
      ;;
    remove) rm -r src/b src/c/only.txt ;;
    flip)
      rm src/d/file && mkdir src/d/file && echo 'a folder now' >src/d/file/within.txt &&
        rm -r src/e && echo 'a file now' >src/e && rm src/f/plain && ln -s ../g/old.txt src/f/plain
      ;;
    rename) mkdir -p src/h && mv src/g/old.txt src/h/renamed.txt && echo 'and edited' >>src/h/renamed.txt ;;
    command) echo made >command.txt && rm src/i/gone.txt && chmod +x src/i/tool ;;
    same) ;;
    fail) echo 'worth keeping' >half-done.txt && return 1 ;;
    merged) sed -i 's/^line 9$/line 9 of the effect/' src/clash.txt ;;
    clash) sed -i 's/^line 5$/line 5 of the effect/' src/clash.txt ;;
    users) echo "the effect's" >notes/dirty.txt ;;
  esac
}

made() {
  [ -n "$(git log -1 --format=%H "$base..fx/$1" 2>/dev/null)" ]
}

work() {
  made "$1" && return
  # Of an earlier attempt.
  if [ -e "$trees/$1" ]; then
    git worktree remove --force "$trees/$1" || rm -rf "$trees/$1"
  fi
  git worktree prune
  git branch -q -D "fx/$1" 2>/dev/null
  git worktree add -q -b "fx/$1" "$trees/$1" "$base" || return
  (cd "$trees/$1" && task "$1") || { tell "kept $1" && return; }
  tell "ended $1"
  git -C "$trees/$1" add -A && git -C "$trees/$1" commit -q --allow-empty -m "effect $1"
}

land() {
  if ! git merge -q --no-edit "fx/$1"; then
    git merge --abort
    tell "kept $1"
    return
  fi
  git worktree remove "$trees/$1" && git branch -q -d "fx/$1"
  tell "landed $1"
}

for id in $effects; do
  told "landed $id" || told "kept $id" || work "$id" &
done
wait
for id in $effects; do
  told "landed $id" || told "kept $id" || ! made "$id" || land "$id"
done
for id in $effects; do
  told "landed $id" || told "kept $id" || exit 1
done
tell finished
