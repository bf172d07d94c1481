// What a task must look like where a caller gives one.

import { z } from "zod";

const milliseconds = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const json = z.json().optional();
/** Checks; what it lets pass is a Task. */
export const taskShape = z.union(
  [
    z.function(),
    z.strictObject({
      kind: z.literal("module"),
      module: z.string().startsWith("file:"),
      export: z.string().min(1),
      input: json,
      runIn: z.enum(["thread", "process"]),
    }),
    z.strictObject({
      kind: z.literal("command"),
      command: z.string().min(1),
      args: z.array(z.string()),
      env: z.record(z.string(), z.string().optional()),
      stdin: z.string().nullable(),
    }),
    z.strictObject({
      kind: z.literal("harness"),
      harness: z.string().min(1),
      prompt: z.string().min(1),
      model: z.string().min(1).nullable(),
      args: z.array(z.string()),
      env: z.record(z.string(), z.string().optional()),
      configDirectory: z.string().min(1).nullable(),
      timeoutMs: milliseconds.nullable(),
    }),
  ],
  "expected moduleTask(...), commandTask(...), harnessTask(...) or a function",
);
