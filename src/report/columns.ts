// Lays cells out in columns. Widths are counted in characters, which holds for what the tables show: IDs, numbers, words.

import type { Format, Paint } from "./style.js";

export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
  /** A column that may lose characters, from its end, when the line is too long for the width. */
  readonly shrinks?: boolean;
}

export interface Cell {
  readonly text: string;
  readonly format?: Format;
}

const gap = "  ";
const narrowest = 8;

/** The title line, then one line a row; no line is wider than `width` unless the columns cannot be made to fit. */
export function layColumns(columns: readonly Column[], rows: readonly Cell[][], width: number, paint: Paint): string[] {
  const widths = columnWidths(columns, rows, width);
  const line = (cells: readonly Cell[]) =>
    cells
      .map((cell, index) => layCell(cell, columns[index] as Column, widths[index] as number, paint))
      .join(gap)
      .trimEnd();
  return [line(columns.map(({ title }) => ({ text: title, format: "dim" as const }))), ...rows.map(line)];
}

function columnWidths(columns: readonly Column[], rows: readonly Cell[][], width: number): number[] {
  const widths = columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, row[index]?.text.length ?? 0), title.length),
  );
  const total = widths.reduce((sum, each) => sum + each, 0) + gap.length * (columns.length - 1);
  const shrinking = columns.findIndex((column) => column.shrinks === true);
  if (total > width && shrinking >= 0) {
    widths[shrinking] = Math.max(narrowest, (widths[shrinking] as number) - (total - width));
  }
  return widths;
}

function layCell({ text, format }: Cell, column: Column, width: number, paint: Paint): string {
  const fitted = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  const space = " ".repeat(width - fitted.length);
  const shown = format === undefined ? fitted : paint(format, fitted);
  return column.align === "left" ? shown + space : space + shown;
}
