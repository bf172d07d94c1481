// The known differences between our merges and git's (docs/shortcomings.md). Each is recognised by its cause: the same
// history without the cause must merge as git merges it. A difference that none explains fails the test.
import type { Conflict } from "../../src/git/native.js";
import { git } from "../support/git.js";
import { buildHistory, type History, type Plan, type Variant } from "./history.js";
import { messagesOfGit, type OwnVerdict, type Sides, type Verdict } from "./merge-tree.js";

export interface Compared {
  folder: string;
  history: History;
  sides: Sides;
  byGit: Verdict;
  own: OwnVerdict;
  /** What the two trees hold differently. */
  differentPaths: string[];
}

export type ExpectedDifference =
  /** Git stops at an assertion of its own, or writes a malformed tree. */
  | "git-fails"
  /** Git calls the merge unclean and lists no path; we name the file that could not follow its folder. */
  | "unnamed-folder-rename"
  /** A renamed folder brings a file below another file: git's tree lacks it, ours has it beside the conflict. */
  | "file-below-file"
  /** One side renamed a folder into one that the other side renamed away: git follows neither, we come to a conflict. */
  | "chained-folder-renames"
  /** Git does not list the old path of a file with two new names when a folder stands there; we do. */
  | "source-under-folder"
  /** Before 2.44 git did not count a last line without a line break when it looked for renames. */
  | "final-line"
  /** Several files of one content went away: which of them a new file comes from is up to git's internal order. */
  | "same-content";

export function agree({ byGit, own }: Compared): boolean {
  return (
    byGit.treeOid === own.treeOid &&
    byGit.conflicted === own.conflicted &&
    byGit.paths.join("\n") === own.paths.join("\n")
  );
}

/**
 * The cause of a difference; null when there is no known one.
 * @param compare builds, imports and merges another history in the same way
 */
export async function explain(
  plan: Plan,
  compared: Compared,
  compare: (history: History) => Promise<Compared>,
): Promise<ExpectedDifference | null> {
  if (compared.byGit.treeOid === "") return "git-fails";
  const inDetail = await explainDetails(compared);
  if (inDetail !== null) return inDetail;
  const candidates: [ExpectedDifference, Variant][] = [];
  if (movesOpenLine(compared.history) && (await gitIgnoresFinalLines(compared.folder)))
    candidates.push(["final-line", { finalLineBreaks: true }]);
  if (hasSameContent(compared.history)) {
    candidates.push(["same-content", { distinctContents: true }]);
    candidates.push(["same-content", { distinctContents: true, finalLineBreaks: true }]);
  }
  for (const [name, variant] of candidates) {
    const without = await compare(buildHistory(plan, variant));
    if (agree(without) || (await explainDetails(without)) !== null) return name;
  }
  return null;
}

/** The differences in detail: each path more that we list, and each path that the trees hold differently, has its reason. */
async function explainDetails(compared: Compared): Promise<ExpectedDifference | null> {
  const { byGit, own, differentPaths } = compared;
  if (byGit.paths.some((path) => !own.paths.includes(path))) return null;
  const said = readMessages(await messagesOfGit(compared.folder, compared.sides));
  const more = own.paths.filter((path) => !byGit.paths.includes(path));
  const reasons = [
    ...more.map((path) => whyListed(path, compared, said)),
    ...differentPaths.map((path) => whyDifferent(path, own, said)),
  ];
  // Git may find a folder split evenly whose files all stay where they are: unclean, and nothing to list.
  if (byGit.conflicted && !own.conflicted) reasons.push(said.split.length > 0 ? "unnamed-folder-rename" : null);
  if (!byGit.conflicted && own.conflicted) reasons.push(said.chained ? "chained-folder-renames" : null);
  if (reasons.includes(null)) return null;
  return byWeight.find((name) => reasons.includes(name)) ?? null;
}

const byWeight = ["chained-folder-renames", "file-below-file", "unnamed-folder-rename", "source-under-folder"] as const;

function whyListed(path: string, { history, own }: Compared, said: Said): ExpectedDifference | null {
  const here = own.conflicts.filter((conflict) => conflict.path === path);
  if (here.some(({ kind }) => kind === "rename/rename") && isFolder(history, path)) return "source-under-folder";
  if (said.isUnmovable(path)) return "unnamed-folder-rename";
  return whyFollowed(here.filter(hasFollowed), said);
}

function whyDifferent(path: string, own: OwnVerdict, said: Said): ExpectedDifference | null {
  const followed = own.conflicts.filter(hasFollowed);
  const files = own.conflicts.filter(({ kind }) => kind === "file/directory");
  const meeting = files.filter((file) => followed.some((one) => `${one.path}/`.startsWith(`${file.path}/`)));
  if (
    meeting.some((file) => path === file.path || path.startsWith(`${file.path}/`) || path.startsWith(`${file.path}~`))
  )
    return "file-below-file";
  return whyFollowed(
    followed.filter((one) => one.path === path || pathsOf(one).includes(path)),
    said,
  );
}

/** Why we moved a file after its folder, and git did not. */
function whyFollowed(followed: readonly Conflict[], said: Said): ExpectedDifference | null {
  if (followed.some((conflict) => pathsOf(conflict).some(said.isUnmovable))) return "unnamed-folder-rename";
  return followed.length > 0 && said.chained ? "chained-folder-renames" : null;
}

/** Whether one side's new file was moved, because the other side renamed its folder. */
function hasFollowed(conflict: Conflict): boolean {
  const { kind, path, base } = conflict;
  return kind !== "rename/rename" && pathsOf(conflict).some((side) => side !== path && side !== base?.path);
}

function pathsOf({ ours, theirs }: Conflict): string[] {
  return [ours, theirs].flatMap((side) => (side ? [side.path] : []));
}

interface Said {
  /** Whether a file could not follow the rename of its folder. */
  isUnmovable(path: string): boolean;
  /** The folders that were renamed to several places evenly, with a final slash. */
  split: string[];
  /** Whether a folder was renamed into a renamed folder. */
  chained: boolean;
}

function readMessages(messages: string): Said {
  const files = [...messages.matchAll(/^CONFLICT \(implicit dir rename\): .*?: (.*)\.$/gm)].flatMap((match) =>
    (match[1] ?? "").split(", "),
  );
  const split = [...messages.matchAll(/^CONFLICT \(directory rename split\): Unclear where to rename (.*?) to;/gm)].map(
    (match) => `${match[1]}/`,
  );
  return {
    isUnmovable: (path) => files.includes(path) || split.some((folder) => path.startsWith(folder)),
    split,
    chained: /^WARNING: Avoiding applying .* because .* itself was renamed/m.test(messages),
  };
}

function isFolder({ ours, theirs }: History, path: string): boolean {
  return [ours, theirs].some((side) => Object.keys(side).some((file) => file.startsWith(`${path}/`)));
}

/** Whether a side took away or added a file whose last line has no line break. */
function movesOpenLine({ base, ours, theirs }: History): boolean {
  return [ours, theirs].some((side) => {
    const moved = [
      ...Object.entries(base).filter(([path]) => !(path in side)),
      ...Object.entries(side).filter(([path]) => !(path in base)),
    ];
    return moved.some(([, entry]) => {
      const bytes = Buffer.from(contentKey(entry), "hex");
      return bytes.length > 0 && bytes.at(-1) !== 0x0a;
    });
  });
}

/** Whether two files of the base that one side took away had the same content. */
function hasSameContent({ base, ours, theirs }: History): boolean {
  return [ours, theirs].some((side) => {
    const gone = Object.entries(base).filter(([path]) => !(path in side));
    const contents = gone.map(([, entry]) => contentKey(entry));
    return new Set(contents).size < contents.length;
  });
}

function contentKey(entry: History["base"][string]): string {
  if (typeof entry === "string" || entry instanceof Uint8Array) return Buffer.from(entry).toString("hex");
  return contentKey("symlink" in entry ? entry.symlink : entry.executable);
}

async function gitIgnoresFinalLines(folder: string): Promise<boolean> {
  const [major = 0, minor = 0] = ((await git(folder, ["--version"])).match(/\d+/g) ?? []).map(Number);
  return major < 2 || (major === 2 && minor < 44);
}
