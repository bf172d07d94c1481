// Commits made before anything is measured: results of effects that wait to be merged. All start from one base, and each
// edits files of its own.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Edit, EditPlan } from "./edits.js";
import { git, headOf } from "./git-command.js";

export interface PreparedCommits {
  baseOid: string;
  commitOids: readonly string[];
  edits: readonly Edit[];
}

/** @param paths that each commit edits */
export async function prepareCommits(repository: string, count: number, paths: number): Promise<PreparedCommits> {
  const plan = await EditPlan.of(repository);
  const edits = plan.round(count, paths);
  const baseOid = await headOf(repository);
  const modes = await modesOf(repository);
  const stream: (Buffer | string)[] = [];
  for (const [index, edit] of edits.entries()) {
    const identity = "E Ffect <effect@example.com> 1700000000 +0000";
    const message = `Effect ${edit.id}`;
    stream.push(`commit refs/bench/prepared\nmark :${index + 1}\nauthor ${identity}\ncommitter ${identity}\n`);
    stream.push(`data ${message.length}\n${message}\nfrom ${baseOid}\n`);
    for (const path of edit.paths) {
      const content = Buffer.concat([await readFile(join(repository, path)), Buffer.from(edit.line)]);
      stream.push(`M ${modes.get(path)} inline ${path}\ndata ${content.length}\n`, content, "\n");
    }
    stream.push(`get-mark :${index + 1}\n`);
  }
  stream.push("done\n");
  const printed = await git(repository, ["fast-import", "--quiet", "--force", "--date-format=raw", "--done"], {
    input: stream,
  });
  return { baseOid, commitOids: printed.split("\n"), edits };
}

async function modesOf(repository: string): Promise<Map<string, string>> {
  const listed = await git(repository, ["ls-tree", "-r", "-z", "HEAD"]);
  return new Map(
    listed.split("\0").map((line) => [line.slice(line.indexOf("\t") + 1), line.slice(0, 6)] as [string, string]),
  );
}
