import fc from "fast-check";
import { expect, test } from "vitest";
import { OutputTail } from "../../src/runner/output-tail.js";

/** Writes the text in pieces of the given sizes, over and over, until it is all written. */
function write(tail: OutputTail, text: string, sizes: readonly number[]): string {
  const bytes = Buffer.from(text);
  let streamed = "";
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const size = sizes[piece % sizes.length] ?? 1;
    streamed += tail.write(bytes.subarray(at, at + size));
    at += size;
  }
  return streamed + tail.end();
}

const text = fc.string({ unit: fc.constantFrom("a", "ä", "…", "🌳", "\n"), maxLength: 300 });
const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });

test("streams all of it, and keeps as many whole characters of its end as fit", () => {
  fc.assert(
    fc.property(text, sizes, fc.integer({ min: 0, max: 400 }), (written, pieces, limit) => {
      const tail = new OutputTail(limit);
      expect(write(tail, written, pieces)).toBe(written);
      const characters = [...written];
      while (Buffer.byteLength(characters.join("")) > limit) characters.shift();
      expect(tail.text()).toBe(characters.join(""));
    }),
  );
});

test("keeps the end of much more than its bound", () => {
  const tail = new OutputTail(10);
  const line = Buffer.from("0123456789abcdef");
  for (let count = 0; count < 20_000; count++) tail.write(line);
  expect(tail.text()).toBe("6789abcdef");
});

test("shows bytes that are no text as such", () => {
  const tail = new OutputTail(10);
  expect(tail.write(Buffer.from([0x61, 0xff, 0xe2]))).toBe("a\ufffd");
  expect(tail.end()).toBe("\ufffd");
  expect(tail.text()).toBe("a\ufffd\ufffd");
});
