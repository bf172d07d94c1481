// The change whose snapshot and reset are measured: eight paths, of which six modified, one new and one deleted.
import { rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { applyEdit, type EditPlan } from "./edits.js";

export async function changeEightPaths(root: string, plan: EditPlan): Promise<void> {
  const [edit] = plan.round(1, 7);
  if (edit === undefined) return;
  const [deleted, ...modified] = edit.paths;
  await applyEdit(root, { ...edit, paths: modified });
  await rm(join(root, deleted as string));
  await writeFile(join(root, dirname(modified[0] as string), `${edit.id}.new.ts`), edit.line);
}
