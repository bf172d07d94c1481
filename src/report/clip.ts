// Cuts a coloured line to a width, without cutting through its colours.

// A colour sequence, which takes no room, or one character.
const pieces = /\p{Cc}\[[0-9;]*m|./gsu;

/** At most `width` characters; all colour sequences stay, so that none is left open. */
export function clip(line: string, width: number): string {
  let room = width;
  return line.replace(pieces, (piece) => {
    if (piece.endsWith("m") && piece.length > 2) return piece;
    return room-- > 0 ? piece : "";
  });
}
