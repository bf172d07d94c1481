// The oracle: the git command, in the hermetic environment of the process. Only tests start it, the library never does.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface GitOptions {
  /** Bytes for git's standard input; closed at once when absent. */
  input?: string | Uint8Array;
  /** Added to the process's environment, for example dates. */
  env?: NodeJS.ProcessEnv;
}

export interface GitResult {
  exitCode: number;
  stdout: Buffer;
  stderr: string;
}

export class GitFailed extends Error {
  override readonly name = "GitFailed";

  constructor(
    readonly args: readonly string[],
    readonly result: GitResult,
  ) {
    super(
      `git ${args.join(" ")} ended with ${result.exitCode}:\n${result.stderr}${result.stdout.toString().slice(0, 4000)}`,
    );
  }
}

/** The real git, found before any test puts another one first on PATH. */
export const gitProgram = findGit();

function findGit(): string {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const candidate = join(folder, "git");
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error("The tests need git >= 2.38 on PATH, to compare with (Debian package git).");
}

/** Run git in `folder` and wait; a non-zero exit code is a result. */
export function gitResult(folder: string, args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(gitProgram, args, { cwd: folder, env: { ...process.env, ...options.env } });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.on("error", reject);
    // git may end without reading its input (EPIPE); its exit code then tells more than the broken pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.on("close", (exitCode) => {
      resolve({ exitCode: exitCode ?? 1, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
    });
  });
}

/** Run git in `folder`; what it printed, without the last line break. Throws GitFailed on a non-zero exit code. */
export async function git(folder: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
  return (await gitBytes(folder, args, options)).toString().replace(/\n$/, "");
}

/** As `git`, but the exact bytes that it printed: for contents, and for the output of `-z`. */
export async function gitBytes(folder: string, args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
  const result = await gitResult(folder, args, options);
  if (result.exitCode !== 0) throw new GitFailed(args, result);
  return result.stdout;
}

/** Throws GitFailed unless git finds the whole repository sound. */
export async function fsck(folder: string): Promise<void> {
  const args = ["fsck", "--full", "--strict", "--no-dangling", "--no-progress"];
  const result = await gitResult(folder, args);
  // A broken ref or link is only a line of output in some cases, with exit code 0.
  if (result.exitCode !== 0 || /^(error|broken|missing|warning)/m.test(result.stderr + result.stdout)) {
    throw new GitFailed(args, result);
  }
}
