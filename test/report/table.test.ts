import { stripVTControlCharacters, styleText } from "node:util";
import { expect, test } from "vitest";
import { clip } from "../../src/report/clip.js";
import { duration, layColumns, outcomeTable, type Paint, plain, tally, tallyLine } from "../../src/report.js";
import { outcomeOf } from "./outcomes.js";

test("a duration takes at most six characters", () => {
  const milliseconds = [null, 0, 0.99, 1, 42.4, 999.4, 999.5, 1234, 9_994, 9_995, 59_949, 59_950, 123_000, 5_999_000];
  const shown = milliseconds.map(duration);
  expect(shown.join(" ")).toBe("- <1ms <1ms 1ms 42ms 999ms 1.00s 1.23s 9.99s 10.0s 59.9s 1m00s 2m03s 99m59s");
  expect(shown.filter((text) => text.length > 6)).toEqual([]);
});

test("the table has a line for each effect, and its columns line up", () => {
  const outcomes = [outcomeOf("landed", "short"), outcomeOf("conflicted", "a-much-longer-effect-id")];
  expect(outcomeTable(outcomes)).toEqual([
    "effect                   outcome       files  acquire  wait    run  snap  merge   land",
    "short                    ✓ landed          2     12ms  <1ms  1.23s   8ms      -  1m01s",
    "a-much-longer-effect-id  ≠ conflicted      2     12ms  <1ms  1.23s   8ms      -  1m01s",
  ]);
});

test("a narrow terminal shortens effect IDs, and nothing else", () => {
  const id = "an-effect-id-that-is-as-long-as-an-effect-id-may-be-0123456789-x";
  const lines = outcomeTable([outcomeOf("landed", id)], { width: 77 });
  expect(lines).toEqual([
    "effect              outcome   files  acquire  wait    run  snap  merge   land",
    "an-effect-id-that…  ✓ landed      2     12ms  <1ms  1.23s   8ms      -  1m01s",
  ]);
});

test("a table with a limit shows first what did not land, and counts the rest", () => {
  const well = Array.from({ length: 5 }, (_, index) => outcomeOf("landed", `well-${index}`));
  const lines = outcomeTable([...well, outcomeOf("failed", "broken")], { maxRows: 3 });
  expect(lines.slice(1).map((line) => line.split(" ")[0])).toEqual(["well-0", "well-1", "broken", "…"]);
  expect(lines.at(-1)).toBe("… and 3 more");
});

test("colours take no room", () => {
  const paint: Paint = (format, text) => styleText(format, text, { validateStream: false });
  const outcomes = [outcomeOf("landed", "a"), outcomeOf("failed", "b")];
  const colored = outcomeTable(outcomes, { paint });
  expect(colored.map(stripVTControlCharacters)).toEqual(outcomeTable(outcomes));
  expect(colored).not.toEqual(outcomeTable(outcomes));
});

test("the counts name the kinds that occurred", () => {
  const outcomes = [outcomeOf("landed", "a"), outcomeOf("landed", "b"), outcomeOf("blocked", "c")];
  expect(tallyLine(tally(outcomes), plain)).toBe("✓ 2 landed  ■ 1 blocked");
  expect(tallyLine(tally([]), plain)).toBe("nothing settled");
});

test("a line is cut to its width without losing a colour's end", () => {
  expect(clip("\u001b[31mabc\u001b[39mdef", 4)).toBe("\u001b[31mabc\u001b[39md");
  expect(clip("\u001b[31mabcdef\u001b[39m", 2)).toBe("\u001b[31mab\u001b[39m");
  expect(clip("m🌱m", 2)).toBe("m🌱");
});

test("columns that cannot be made to fit keep their text", () => {
  const columns = [
    { title: "one", align: "left" as const },
    { title: "n", align: "right" as const },
  ];
  const rows = [[{ text: "abcdefghij" }, { text: "7" }]];
  expect(layColumns(columns, rows, 5, plain)).toEqual(["one         n", "abcdefghij  7"]);
});
