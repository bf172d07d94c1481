// The environment of everything that a task starts (PROTOCOLS P6): nothing of the caller's points git at another
// repository or index than the worktree's own, and git never collects the object store that all worktrees share.

import { delimiter, join } from "node:path";
import type { RunRequest } from "./runner.js";

/**
 * What git itself drops before it enters another repository (`git rev-parse --local-env-vars`), and the quarantine of
 * a hook. Configuration given through the environment stays: it is the user's, for example an identity.
 */
const redirecting = new Set([
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_CONFIG",
  "GIT_DIR",
  "GIT_GRAFT_FILE",
  "GIT_IMPLICIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_INTERNAL_SUPER_PREFIX",
  "GIT_NAMESPACE",
  "GIT_NO_REPLACE_OBJECTS",
  "GIT_OBJECT_DIRECTORY",
  "GIT_PREFIX",
  "GIT_QUARANTINE_PATH",
  "GIT_REPLACE_REF_BASE",
  "GIT_SHALLOW_FILE",
  "GIT_WORK_TREE",
]);

const noCollection = [
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
] as const;

type Environment = Record<string, string>;

/**
 * The process's environment, made safe.
 * @param extra the task's own variables, `undefined` removes one; they may redirect git, since the caller asked for it
 */
export function taskEnvironment(extra: Readonly<Record<string, string | undefined>> = {}): Environment {
  const inherited = Object.entries(process.env).filter(([name]) => !redirecting.has(name.toUpperCase()));
  const merged = { ...Object.fromEntries(inherited), ...extra };
  const environment = Object.fromEntries(
    Object.entries(merged).filter((entry) => entry[1] !== undefined),
  ) as Environment;
  return { ...environment, ...gitConfiguration(environment) };
}

/** What tells a task, and what it starts, which effect it belongs to. */
export function effectVariables(
  request: Pick<RunRequest, "effectId" | "runId" | "attempt" | "verifies" | "path">,
): Environment {
  const { verifies = [] } = request;
  return {
    ...(verifies.length === 0 ? {} : { COPPICE_VERIFIES: verifies.join(" ") }),
    COPPICE_ATTEMPT: String(request.attempt),
    COPPICE_EFFECT_ID: request.effectId,
    COPPICE_RUN_ID: request.runId,
    COPPICE_WORKTREE: request.path,
  };
}

/** The worktree's own `node_modules/.bin` first, as npm and npx do it, so that a linked tool wins over a global one. */
export function pathWithTools(environment: Environment, worktree: string): Environment {
  const name = Object.keys(environment).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  const tools = join(worktree, "node_modules", ".bin");
  const path = environment[name];
  return { [name]: path === undefined || path === "" ? tools : `${tools}${delimiter}${path}` };
}

/** Behind the pairs that are there already: of two pairs for one name git takes the later. */
function gitConfiguration(environment: Environment): Environment {
  const given = Number(environment.GIT_CONFIG_COUNT ?? 0);
  const count = Number.isInteger(given) && given > 0 ? given : 0;
  const pairs = noCollection.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${count + index}`, key],
    [`GIT_CONFIG_VALUE_${count + index}`, value],
  ]);
  return { ...Object.fromEntries(pairs), GIT_CONFIG_COUNT: String(count + noCollection.length) };
}
