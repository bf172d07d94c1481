import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonLines } from "../../src/runner/json-lines.js";

/** What a reader is told of these pieces: values, and text as it was put together. */
function read(pieces: readonly string[], limitBytes = 1_000): unknown[] {
  const told: unknown[] = [];
  const lines = new JsonLines(limitBytes, {
    onValue: (value) => told.push(value),
    onText: (text) => {
      if (typeof told.at(-1) === "string") told.push(`${told.pop()}${text}`);
      else told.push(text);
    },
  });
  for (const piece of pieces) lines.write(piece);
  lines.end();
  return told;
}

test("objects are values, everything else is text", () => {
  expect(read(['{"a":1}\n', "plain\n", "[1]\n", "7\n", '"x"\n', "null\n", '{"b":2}\r\n', "\n", '{"c":3}'])).toEqual([
    { a: 1 },
    'plain\n[1]\n7\n"x"\nnull\n',
    { b: 2 },
    "\n",
    { c: 3 },
  ]);
});

test.each(["{\n", "{broken}\n", '{"a":1} more\n', '{"a":1}{"b":2}\n', ' {"a":1}\n', "{", '{"a":'])(
  "%j stays the text it is",
  (garbage) => {
    expect(read([garbage])).toEqual([garbage]);
    expect(read(["before\n", ...garbage])).toEqual([`before\n${garbage}`]);
  },
);

test("text that cannot become an object is told at once, a line that is too long as soon as it is", () => {
  const told: unknown[] = [];
  const lines = new JsonLines(10, { onValue: (value) => told.push(value), onText: (text) => told.push(text) });
  lines.write("...");
  expect(told).toEqual(["..."]);
  lines.write('{"not":"the beginning"}\n{"a"');
  expect(told.slice(1)).toEqual(['{"not":"the beginning"}\n']);
  lines.write(':"1234567');
  expect(told.slice(2)).toEqual(['{"a":"1234567']);
  lines.write('8"}\n{"b":1}\n');
  expect(told.slice(3)).toEqual(['8"}\n', { b: 1 }]);
});

test("the limit counts bytes, and a line of exactly that many is a value", () => {
  const line = '{"a":"ä"}\n';
  expect(read([line], Buffer.byteLength(line))).toEqual([{ a: "ä" }]);
  expect(read([line], Buffer.byteLength(line) - 1)).toEqual([line]);
});

test("a write of nothing is no beginning of a line", () => {
  expect(read(["", '{"a":1}\n', "", '{"b"', "", ":2}"])).toEqual([{ a: 1 }, { b: 2 }]);
});

test("however the output is cut into pieces, the same is told", () => {
  const line = fc.oneof(
    fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
    fc.string({ unit: fc.constantFrom("{", "}", '"', "a", " ") }),
  );
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(40)), fc.boolean(), (lines, cuts, ends) => {
      const whole = lines.join("\n") + (ends ? "\n" : "");
      const pieces: string[] = [];
      let rest = whole;
      for (const cut of cuts) {
        pieces.push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      expect(read([...pieces, rest], 60)).toEqual(read([whole], 60));
    }),
  );
});
