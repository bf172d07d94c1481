// Variables of a task as text. Definitions come from processes that nobody has checked, and `PORT: 3000` means the text: a system knows
// no other.

import type { Task } from "../index.js";

/** Numbers and booleans as text; what is null or undefined goes. Anything else stays, and is refused with its name. */
export function withTextEnv(task: Task): Task {
  if (typeof task === "function" || task.kind === "module") return task;
  const env = Object.entries(task.env ?? {}).flatMap(([name, value]: [string, unknown]) => {
    if (value === null || value === undefined) return [];
    return [[name, typeof value === "number" || typeof value === "boolean" ? String(value) : value]];
  });
  return { ...task, env: Object.fromEntries(env) };
}
