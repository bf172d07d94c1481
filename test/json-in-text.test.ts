// The JSON in what a coding agent has said.
import { expect, test } from "vitest";
import { jsonInText } from "../src/json-in-text.js";

test.each([
  ["an object alone", ' {"a": 1}\n', { a: 1 }],
  ["an array alone", "[1, 2]", [1, 2]],
  ["a fence", 'Done.\n```json\n{"a": 1}\n```\nAnything else?', { a: 1 }],
  ["a fence without a name", "```\n[1]\n```", [1]],
  ["the first fence with JSON", '```diff\n-a\n+b\n```\n```json\n{"a": 1}\n```', { a: 1 }],
  ["a sentence around it", 'Here it is: {"a": {"b": "}"}} - done.', { a: { b: "}" } }],
  ["a fence inside a text of its own", '{"a": "```json\\n5\\n```"}', { a: "```json\n5\n```" }],
])("%s", (_, text, value) => {
  expect(jsonInText(text, "it")).toEqual(value);
});

test.each(["", "I have done it.", '{"a": 1', "} {", "```\n```", "5", "null"])("none in %j", (text) => {
  const error = expect.objectContaining({ code: "ERR_TASK_VALUE", details: { stdout: text } });
  expect(() => jsonInText(text, "it")).toThrow(error);
});
