// What a task must look like where a caller gives one.

import { z } from "zod";

const milliseconds = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const env = z.record(z.string(), z.string("expected text; a number needs String(...)").optional());
const expected = "expected moduleTask(...), commandTask(...), harnessTask(...) or a function";

const byKind = {
  module: z.strictObject({
    kind: z.literal("module"),
    module: z.string().startsWith("file:"),
    export: z.string().min(1),
    input: z.json().optional(),
    runIn: z.enum(["thread", "process"]),
  }),
  command: z.strictObject({
    kind: z.literal("command"),
    command: z.string().min(1),
    args: z.array(z.string()),
    env,
    stdin: z.string().nullable(),
  }),
  harness: z.strictObject({
    kind: z.literal("harness"),
    harness: z.string().min(1),
    prompt: z.string().min(1),
    model: z.string().min(1).nullable(),
    args: z.array(z.string()),
    env,
    configDirectory: z.string().min(1).nullable(),
    timeoutMs: milliseconds.nullable(),
    json: z.boolean(),
  }),
};

/** Checks; what it lets pass is a Task. Rejected: a union, which says of a wrong member only that no kind of task fits. */
export const taskShape = z.unknown().superRefine((task, context) => {
  if (typeof task === "function") return;
  const kind = (task as { kind?: unknown } | null | undefined)?.kind;
  if (typeof kind !== "string" || !Object.hasOwn(byKind, kind)) {
    context.addIssue({ code: "custom", message: expected });
    return;
  }
  const { error } = byKind[kind as keyof typeof byKind].safeParse(task);
  for (const issue of error?.issues ?? []) {
    if (issue.code === "unrecognized_keys") context.addIssue({ code: issue.code, keys: issue.keys, path: issue.path });
    else context.addIssue({ code: "custom", message: issue.message, path: issue.path });
  }
});
