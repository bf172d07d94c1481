// Lines over two logarithmic axes, as an SVG that reads well on light and on dark pages: it has no background, takes its ink
// from the reader's colour scheme, and names each line at its end instead of in a legend.

export interface Series {
  label: string;
  /** Which of the colours and marks: the same for a peer in every picture. */
  look: number;
  points: readonly { x: number; y: number }[];
  /** Drawn thicker and on top. */
  strong?: boolean;
}

export interface Plot {
  title: string;
  xLabel: string;
  yLabel: string;
  /** Marks on the x axis, and their words. */
  xTicks: readonly number[];
  xText: (x: number) => string;
  yText: (y: number) => string;
  series: readonly Series[];
}

const [width, height] = [760, 440];
const frame = { left: 84, right: 590, top: 54, bottom: 372 };
const labelGap = 15;
/** Middle lightness: readable on white and on near-black. */
const colors = ["#d1495b", "#2e8b9a", "#8f6bd6", "#c98a1b", "#4f9d45", "#b0589e", "#7d8794", "#3f78c9", "#9a6b4f"];
const shapes = ["circle", "square", "diamond"] as const;

export function plotSvg(plot: Plot): string {
  const points = plot.series.flatMap((series) => series.points);
  const x = logScale([Math.min(...plot.xTicks), Math.max(...plot.xTicks)], [frame.left + 24, frame.right - 24]);
  const [low, high] = decades(points.map((point) => point.y));
  const y = logScale([low, high], [frame.bottom, frame.top]);
  const lines = plot.series.map((series) => drawSeries(series, x, y));
  const strongLast = [
    ...lines.filter((_, i) => !plot.series[i]?.strong),
    ...lines.filter((_, i) => plot.series[i]?.strong),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(plot.title)}">`,
    style,
    `<text class="title" x="${frame.left}" y="26">${escaped(plot.title)}</text>`,
    ...yAxis(low, high, y, plot.yText),
    ...plot.xTicks.map((tick) => text(x(tick), frame.bottom + 22, "middle", plot.xText(tick))),
    `<path class="axis" d="M${frame.left} ${frame.top}V${frame.bottom}H${frame.right}"/>`,
    text((frame.left + frame.right) / 2, height - 16, "middle", plot.xLabel),
    `<text transform="translate(20 ${(frame.top + frame.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(plot.yLabel)}</text>`,
    ...strongLast,
    ...endLabels(plot.series, y),
    "</svg>",
    "",
  ].join("\n");
}

const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #444; }
.title { font-size: 16px; font-weight: 600; }
.grid { stroke: #888; stroke-opacity: .25; }
.axis { stroke: #888; fill: none; }
.line { fill: none; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) { text { fill: #ccc; } }
</style>`;

type Scale = (value: number) => number;

function logScale([from, to]: readonly [number, number], [start, end]: readonly [number, number]): Scale {
  const span = Math.log(to) - Math.log(from);
  return (value) =>
    round(span === 0 ? (start + end) / 2 : start + ((Math.log(value) - Math.log(from)) / span) * (end - start));
}

/** The powers of ten around the values. */
function decades(values: readonly number[]): [number, number] {
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...values)));
  return [low, high > low ? high : low * 10];
}

function yAxis(low: number, high: number, y: Scale, words: (y: number) => string): string[] {
  const lines: string[] = [];
  for (let tick = low; tick <= high * 1.001; tick *= 10)
    lines.push(
      `<path class="grid" d="M${frame.left} ${y(tick)}H${frame.right}"/>`,
      text(frame.left - 10, y(tick) + 4, "end", words(tick)),
    );
  return lines;
}

function drawSeries({ points, strong, look }: Series, x: Scale, y: Scale): string {
  const color = colorOf(look);
  const path = points.map((point, at) => `${at === 0 ? "M" : "L"}${x(point.x)} ${y(point.y)}`).join("");
  const marks = points.map((point) => mark(look, x(point.x), y(point.y), color));
  return `<path class="line" d="${path}" stroke="${color}" stroke-width="${strong ? 3.5 : 2}"/>${marks.join("")}`;
}

function mark(look: number, x: number, y: number, color: string): string {
  const shape = shapes[look % shapes.length];
  if (shape === "circle") return `<circle cx="${x}" cy="${y}" r="4.5" fill="${color}"/>`;
  const turned = shape === "diamond" ? ` transform="rotate(45 ${x} ${y})"` : "";
  return `<rect x="${round(x - 4)}" y="${round(y - 4)}" width="8" height="8" fill="${color}"${turned}/>`;
}

/** At the height of each line's last point, moved apart where they would overlap. */
function endLabels(series: readonly Series[], y: Scale): string[] {
  const labels = series
    .map(({ label, look, points, strong }) => ({ label, look, strong, y: y(points.at(-1)?.y ?? 1) }))
    .sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) {
    const [above, below] = [labels[i - 1], labels[i]];
    if (above && below) below.y = Math.max(below.y, above.y + labelGap);
  }
  return labels.map(
    ({ label, strong, look, y: at }) =>
      `<text x="${frame.right + 8}" y="${round(at + 4)}" style="fill:${colorOf(look)}${strong ? ";font-weight:700" : ""}">${escaped(label)}</text>`,
  );
}

function text(x: number, y: number, anchor: "middle" | "end", words: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function colorOf(look: number): string {
  return colors[look % colors.length] as string;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(words: string): string {
  return words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
