// What a coding agent is told that does its task again after a conflict. Its prompt alone would be that of the first attempt, and it
// would do the same once more.

import type { ConflictKind } from "./effect.js";
import { runRefs } from "./effect-id.js";

/** As a task's context has it. */
export interface Rerunning {
  readonly runId: string;
  readonly effectId: string;
  readonly attempt: number;
  readonly conflicts: readonly { readonly path: string; readonly kind: ConflictKind }[];
}

/** The rest is in the file that COPPICE_CONFLICTS names. */
const maxPaths = 50;

/** The prompt, and behind it why the task is done again; without conflicts the prompt as it is. */
export function rerunPrompt(prompt: string, { runId, effectId, attempt, conflicts }: Rerunning): string {
  if (conflicts.length === 0) return prompt;
  const paths = conflicts.slice(0, maxPaths).map(({ path, kind }) => `- ${JSON.stringify(path)} (${kind})`);
  const more = conflicts.length - paths.length;
  const earlier = runRefs(runId).attempt(effectId, attempt - 1);
  return [
    prompt,
    "",
    "This task was done before, and its changes could not be merged: others have changed the same places meanwhile. The files here are " +
      "as they are with the others' changes, and without those of the earlier attempt. Do the task again on them, and keep what the " +
      "others have done. What was in conflict:",
    ...paths,
    ...(more > 0 ? [`- and ${more} more`] : []),
    `The earlier attempt is the commit ${earlier} ('git show ${earlier}'). The file that the environment variable COPPICE_CONFLICTS names, ` +
      "where it is set, has both sides of each conflict as JSON.",
  ].join("\n");
}
