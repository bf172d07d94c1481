// Stock git, for what comes before and after: the demo works without it, Coppice never starts it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Without the variables that would lead git to another repository. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^GIT_(?!CONFIG_|TRACE)/.test(name)));

/** Something that whoever started the demo can mend: told in one line, without a stack. */
export class Refusal extends Error {}

/** What git printed. Throws a Refusal in git's own words when git is missing or fails. */
export async function git(folder, ...args) {
  try {
    const { stdout } = await execute("git", args, { cwd: folder, env, maxBuffer: 64 << 20 });
    return stdout.trimEnd();
  } catch (error) {
    throw new Refusal(`git ${args[0]}: ${(error.stderr || error.message).trim().split("\n").at(-1)}`, { cause: error });
  }
}

export async function hasGit() {
  try {
    await git(".", "--version");
    return true;
  } catch {
    return false;
  }
}
