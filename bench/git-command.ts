// The git command: as a peer, and to prepare and check what is measured.
import { spawn } from "node:child_process";
import { measuredEnvironment } from "./environment.js";

export interface GitOptions {
  env?: NodeJS.ProcessEnv;
  input?: Iterable<Buffer | string>;
}

/** What git printed, without the last line break. Throws with git's own words. */
export function git(folder: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
  const { env = measuredEnvironment, input } = options;
  return new Promise((resolve, reject) => {
    const child = spawn("git", args, { cwd: folder, env, stdio: [input ? "pipe" : "ignore", "pipe", "pipe"] });
    const printed = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        printed[stream] += text;
      });
    child.on("error", reject);
    if (child.stdin && input) feed(child.stdin, input);
    child.on("close", (exitCode) => {
      if (exitCode === 0) resolve(printed.stdout.replace(/\n$/, ""));
      else reject(new Error(`git ${args.join(" ")} ended with ${exitCode}: ${printed.stderr.trim()}`));
    });
  });
}

function feed(stdin: NodeJS.WritableStream, input: Iterable<Buffer | string>): void {
  // A git that stops reading says why on stderr and by its exit code.
  stdin.on("error", () => {});
  const chunks = input[Symbol.iterator]();
  const more = () => {
    for (let next = chunks.next(); !next.done; next = chunks.next())
      if (!stdin.write(next.value)) return void stdin.once("drain", more);
    stdin.end();
  };
  more();
}

export function headOf(repository: string): Promise<string> {
  return git(repository, ["rev-parse", "HEAD"]);
}
