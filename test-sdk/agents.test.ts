// An agent's answer means here what it means to the SDK's own runner, which also takes JSON out of what stands around it.
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { jsonInText } from "../src/index.js";

const { coerceAgentResultValue } = createRequire(import.meta.url)(
  "@a5c-ai/babysitter-sdk/dist/cli/commands/harnessPhase1",
) as { coerceAgentResultValue(taskDef: object, output: string): unknown };
const taskDef = { kind: "agent", agent: { prompt: "x", outputSchema: { type: "object" } } };

const value = { steps: ["a } b", "```"], ok: true };
const json = JSON.stringify(value);
const given = [
  json,
  `\n${JSON.stringify(value, null, 2)}\n`,
  "[1]",
  `Done.\n\`\`\`json\n{"a": 1}\n\`\`\`\nThat is all.`,
  '```\n["a"]\n```',
  'It is {"a": 1}.',
];

test.each(given)("what the SDK's runner finds in %j is found", (text) => {
  expect(jsonInText(text, "it")).toEqual(coerceAgentResultValue(taskDef, text));
});

test.each(["", "I have done it.", '{"a": 1', "5"])("where it finds none, in %j, there is none", (text) => {
  expect(() => coerceAgentResultValue(taskDef, text)).toThrow();
  expect(() => jsonInText(text, "it")).toThrow();
});
