// Tasks that leave processes, repositories, special files, branches or half-done work of git's behind.
import { carriesWork, landed, type Misbehaviour, work } from "./misbehaviour.js";

/** Goes on for ever, once it has begun: says so, and writes where `late` leads. */
const daemon = (cd: string, late: string, closing = "") =>
  `${work}; W=$PWD; export W; setsid sh -c '${closing} echo $$ >> "$PIDS"; ${cd} while :; do echo late >> ${late}; echo . >> "$BEAT"; done' ` +
  '< /dev/null > /dev/null 2>&1 & while [ ! -s "$BEAT" ]; do sleep 0.01; done';

const commits = (branch: string, text: string, from: string) =>
  `git checkout -q -b ${branch} ${from}; echo ${text} > src/a/one.txt; git commit -qam "own ${text}"`;
const twoSides = `${commits("own-1", "1", "HEAD")}; ${commits("own-2", "2", "HEAD~1")}`;

/** Processes, repositories, special files, and what git leaves of branches and half-done work. */
export const whatTheyRun: readonly Misbehaviour[] = [
  { name: "nothing", script: work, settles: landed, carries: carriesWork },
  {
    name: "background-child",
    script: `${work}; (while :; do echo late >> late.txt; done) &`,
    settles: landed,
    carries: carriesWork,
  },
  { name: "daemon-inside", script: daemon("", "late.txt"), settles: landed, says: /WORKTREE_HELD/ },
  {
    name: "daemon-with-a-file-open",
    script: daemon('exec 9>> "$W/late.txt"; cd /;', "/dev/fd/9"),
    settles: landed,
    says: /WORKTREE_HELD/,
  },
  { name: "daemon-elsewhere", script: daemon("cd /;", '"$W/late.txt"'), settles: landed, says: /WORKTREE_HELD/ },
  {
    name: "daemon-with-nothing-open",
    script: daemon("cd /;", '"$W/late.txt"', "exec 3>&- 4>&- 5>&-;"),
    settles: landed,
    says: /WORKTREE_HELD/,
  },
  {
    name: "nested-repository",
    script: `${work}; git init -q nested; cd nested; echo in > in.txt; git add .; git commit -qm nested`,
    settles: landed,
    says: /"path":"nested\/?","reason":"nested-repository"/,
    carries: carriesWork,
  },
  {
    name: "nested-clone",
    script: `${work}; git clone -q "$COMMON" clone`,
    settles: landed,
    says: /nested-repository/,
    carries: carriesWork,
  },
  { name: "bare-repository", script: `${work}; git init -q --bare bare.git`, settles: landed, carries: carriesWork },
  {
    name: "nested-worktree",
    script: `${work}; git worktree add -q --detach inner`,
    settles: landed,
    says: /nested-repository/,
    carries: carriesWork,
  },
  {
    name: "fifo",
    script: `${work}; mkfifo src/pipe`,
    settles: landed,
    says: /"path":"src\/pipe","reason":"special-file"/,
    carries: carriesWork,
  },
  {
    name: "socket",
    script: `${work}; node -e 'require("net").createServer().listen("sock", () => process.kill(process.pid, "SIGKILL"))' || true`,
    settles: landed,
    says: /"path":"sock","reason":"special-file"/,
    carries: carriesWork,
  },
  {
    name: "device",
    script: `${work}; mknod device c 1 3`,
    settles: landed,
    says: /special-file/,
    carries: carriesWork,
    root: true,
  },
  {
    name: "own-commits",
    script: `${work}; git add -A; git commit -qm "told by the task"`,
    settles: landed,
    says: /told by the task/,
    carries: carriesWork,
  },
  {
    name: "own-branch",
    script: `git checkout -q -b own; ${work}; git add -A; git commit -qm own`,
    settles: landed,
    says: /refs\/heads\/own/,
    carries: carriesWork,
  },
  { name: "own-tag", script: `${work}; git tag own`, settles: landed, says: /refs\/tags\/own/, carries: carriesWork },
  {
    name: "user's-branch-moved",
    script: `${work}; git branch -f users HEAD~1`,
    settles: landed,
    says: /refs\/heads\/users/,
    carries: carriesWork,
  },
  {
    name: "user's-branch-removed",
    script: `${work}; git branch -q -D users`,
    settles: landed,
    says: /refs\/heads\/users/,
    carries: carriesWork,
  },
  { name: "stash", script: `${work}; git stash -q -u`, settles: ["unchanged"], says: /refs\/stash/ },
  { name: "detached-elsewhere", script: `git checkout -q HEAD~1; ${work}`, settles: ["landed", "conflicted"] },
  {
    name: "rebase-left-open",
    script: `${work}; ${twoSides}; git rebase own-1 || true; test -d "$(git rev-parse --git-path rebase-merge)"`,
    settles: landed,
    says: /refs\/heads\/own-1/,
  },
  {
    name: "merge-left-open",
    script: `${work}; ${twoSides}; git merge own-1 || true; test -f "$(git rev-parse --git-path MERGE_HEAD)"`,
    settles: landed,
    says: /refs\/heads\/own-1/,
  },
  {
    name: "cherry-pick-left-open",
    script: `${work}; ${twoSides}; git cherry-pick own-1 || true`,
    settles: landed,
    says: /refs\/heads\/own-1/,
  },
  {
    name: "bisect-left-open",
    script: `${work}; git bisect start HEAD HEAD~1 > /dev/null`,
    settles: ["landed", "conflicted"],
  },
];
