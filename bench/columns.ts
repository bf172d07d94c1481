// Cells in columns, for a terminal and for Markdown.
export type Row = readonly string[];

/** @param text how many columns from the left are text; the others are numbers and end together */
export function columns(rows: readonly Row[], { text }: { text: number }): string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => (row[index] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, index) => (index < text ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** The first row is the head. */
export function markdownTable(rows: readonly Row[], { text }: { text: number }): string {
  const [head = [], ...body] = rows;
  const line = (cells: Row) => `| ${cells.join(" | ")} |`;
  const rule = line(head.map((_, index) => (index < text ? "---" : "---:")));
  return [line(head), rule, ...body.map(line)].join("\n");
}
