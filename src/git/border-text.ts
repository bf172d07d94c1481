// Bytes as strings of the border (native.ts): what is no part of valid UTF-8 is one lone surrogate U+DC80..U+DCFF a byte.

/** The bytes that a string from the other side stands for. */
export function bytesOfText(text: string): Buffer {
  const parts = text.split(/([\u{dc80}-\u{dcff}])/u);
  return Buffer.concat(
    parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.of(part.charCodeAt(0) - 0xdc00))),
  );
}

/** A string that the other side takes for these bytes. */
export function textOfBytes(bytes: Uint8Array): string {
  const text = utf8(bytes);
  if (text !== null) return text;
  const asSurrogate = (byte: string) => String.fromCharCode(0xdc00 + byte.charCodeAt(0));
  return Buffer.from(bytes)
    .toString("latin1")
    .replace(/[\x80-\xff]/g, asSurrogate);
}

/** Null: it is not UTF-8. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
