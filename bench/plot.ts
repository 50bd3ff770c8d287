/** Draws the results as SVG, legible on light and on dark pages. */

import { FIGURES, ROUND_TRIP, SWEEP } from "./figures.ts";
import { NAMES } from "./programs.ts";
import { median, percentile, type Results } from "./results.ts";

const WIDTH = 760;
const HEIGHT = 424;
/** The area inside the axes. */
const PLOT = { left: 76, top: 68, right: 522, bottom: 368 };

/** A colour for light and one for dark pages, and a dash pattern, so that lines differ without colour too. */
const STYLES: [name: string, light: string, dark: string, dash: string][] = [
  [NAMES.deno, "#0969da", "#58a6ff", "none"],
  [NAMES.bun, "#bc4c00", "#f0883e", "none"],
  [NAMES.trains, "#1a7f37", "#3fb950", "8 3"],
  [NAMES.batches, "#424a53", "#d0d7de", "8 3"],
  [NAMES.textbook, "#6e7781", "#8b949e", "2 3"],
  [NAMES.python, "#8250df", "#bc8cff", "2 3"],
];

/** The class of a program; programs without a style of their own share one. */
function styleOf(program: string): string {
  const index = STYLES.findIndex(([name]) => name === program);
  return `s${index < 0 ? STYLES.length : index}`;
}

/** The rules of all classes, in one of the two schemes. */
function rules(dark: boolean): string {
  const [paper, ink, muted, grid] = dark
    ? ["#0d1117", "#e6edf3", "#9198a1", "#30363d"]
    : ["#ffffff", "#1f2328", "#59636e", "#d8dee4"];
  const base =
    `.paper{fill:${paper}}.ink{fill:${ink}}.muted{fill:${muted}}.grid{stroke:${grid}}.whisker{stroke:${ink}}`;
  const styles: typeof STYLES = [...STYLES, ["", "#6e7781", "#8b949e", "none"]];
  return base + styles.map(([, light, darkColour, dash], index) => {
    const colour = dark ? darkColour : light;
    return `.s${index}{fill:${colour};stroke:${colour}}.line.s${index}{fill:none;stroke-dasharray:${dash}}`;
  }).join("");
}

function svg(title: string, note: string, height: number, body: string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" \
font-family="system-ui, sans-serif" font-size="13">
<title>${title}</title>
<style>
.line{stroke-width:2.2;stroke-linejoin:round}.grid{stroke-width:1}.leader{stroke-width:.7;fill:none}
.name,.bar{stroke:none}.whisker{stroke-width:1.4}
${rules(false)}
@media(prefers-color-scheme:dark){${rules(true)}}
.name,.bar{stroke:none}.leader{fill:none;stroke-dasharray:none}
</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
<text class="ink" x="16" y="26" font-size="16" font-weight="600">${title}</text>
<text class="muted" x="16" y="44">${note}</text>
${body.join("\n")}
</svg>
`;
}

/** A tick of an axis: where, and what it says. */
type Tick = [position: number, label: string];

type Point = [x: number, y: number];

/** A line of the chart, in the units of the page. */
interface Line {
  program: string;
  points: Point[];
}

function grid(xTicks: Tick[], yTicks: Tick[], xName: string): string[] {
  const { left, right, bottom } = PLOT;
  return [
    ...yTicks.map(([y, label]) =>
      `<path class="grid" d="M${left} ${y.toFixed(1)}H${right}"/>` +
      `<text class="muted" x="${left - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end">${label}</text>`
    ),
    ...xTicks.map(([x, label]) =>
      `<text class="muted" x="${x.toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${label}</text>`
    ),
    `<text class="muted" x="${(left + right) / 2}" y="${bottom + 42}" text-anchor="middle">${xName}</text>`,
  ];
}

/** The lines, each with its name at its end; names that would overlap are moved apart. */
function lines(all: Line[]): string[] {
  const distance = 17;
  const ends = all.map(({ program, points }) => ({
    program,
    end: points.at(-1) ?? [PLOT.right, PLOT.bottom] as Point,
  }));
  ends.sort((a, b) => a.end[1] - b.end[1]);
  // Downwards, each below the one before; the last ones then have to stay in the picture, each above the one after.
  let edge = -Infinity;
  const down = ends.map(({ end }) => edge = Math.max(end[1], edge + distance));
  edge = PLOT.bottom + distance;
  const places = down.toReversed().map((y) => edge = Math.min(y, edge - distance)).reverse();
  const path = (points: Point[]) => points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
  return [
    ...all.map(({ program, points }) => `<path class="line ${styleOf(program)}" d="M${path(points)}"/>`),
    ...ends.map(({ program, end: [x, y] }, index) => {
      const place = places[index] ?? y;
      return `<path class="leader ${styleOf(program)}" d="M${path([[x + 3, y], [PLOT.right + 14, place]])}"/>` +
        `<text class="name ${styleOf(program)}" x="${PLOT.right + 18}" y="${(place + 4).toFixed(1)}">${program}</text>`;
    }),
  ];
}

/** Round numbers from 0 to at least `maximum`. */
function linearTicks(maximum: number): number[] {
  const rough = maximum / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  return Array.from({ length: Math.ceil(maximum / step) + 1 }, (_, index) => index * step);
}

/** Echoes a second against the number of datagrams in flight. */
export function ratePlot(results: Results): string {
  const figures = [...FIGURES, ...SWEEP].filter(({ sweep }) => sweep).sort((a, b) => (a.sweep ?? 0) - (b.sweep ?? 0));
  const last = Math.log2(figures.at(-1)?.sweep ?? 2);
  const xOf = (count: number) => PLOT.left + Math.log2(count) / last * (PLOT.right - PLOT.left);
  const rates = STYLES.map(([program]) => ({
    program,
    points: figures
      .map(({ id, sweep }): Point => [sweep ?? 0, median(results.values(id, program, "rate")) / 1e3])
      .filter(([, rate]) => Number.isFinite(rate)),
  })).filter(({ points }) => points.length > 0);
  const ticks = linearTicks(Math.max(1, ...rates.flatMap(({ points }) => points.map(([, rate]) => rate))));
  const yOf = (rate: number) => PLOT.bottom - rate / (ticks.at(-1) ?? 1) * (PLOT.bottom - PLOT.top);
  return svg("Echoes a second", "thousands a second, 64-byte datagrams, one client; higher is better", HEIGHT, [
    ...grid(
      figures.map(({ sweep }) => [xOf(sweep ?? 0), `${sweep}`]),
      ticks.map((tick) => [yOf(tick), `${tick}`]),
      "datagrams in flight",
    ),
    ...lines(rates.map(({ program, points }) => ({ program, points: points.map(([x, y]) => [xOf(x), yOf(y)]) }))),
  ]);
}

/** Processor time of each server for one datagram. */
export function cpuPlot(results: Results): string {
  const bars = results.programs("64x64")
    .map((program) => ({ program, values: results.values("64x64", program, "cpu") }))
    .filter(({ values }) => values.length > 0)
    .map(({ program, values }) => ({
      program,
      low: Math.min(...values),
      middle: median(values),
      high: Math.max(...values),
    }))
    .sort((a, b) => a.middle - b.middle);
  const left = 232;
  const ticks = linearTicks(Math.max(1, ...bars.map(({ high }) => high)));
  const xOf = (microseconds: number) => left + microseconds / (ticks.at(-1) ?? 1) * (WIDTH - left - 24);
  const rowHeight = 30;
  const bottom = PLOT.top + bars.length * rowHeight + 8;
  const mark = results.wrongSource.size > 0 ? "; † answers from a wrong address" : "";
  const note = `µs of the server for each 64-byte datagram, 64 in flight; lower is better${mark}`;
  return svg("CPU per datagram", note, bottom + 28, [
    ...ticks.map((tick) =>
      `<path class="grid" d="M${xOf(tick).toFixed(1)} ${PLOT.top}V${bottom}"/>` +
      `<text class="muted" x="${xOf(tick).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`
    ),
    ...bars.map(({ program, low, middle, high }, row) => {
      const y = PLOT.top + row * rowHeight + 8;
      const name = results.wrongSource.has(program) ? `${program} †` : program;
      return `<text class="ink" x="${left - 10}" y="${y + 15}" text-anchor="end">${name}</text>` +
        `<rect class="bar ${styleOf(program)}" x="${left}" y="${y}" width="${
          (xOf(middle) - left).toFixed(1)
        }" height="20" rx="2"/>` +
        `<path class="whisker" d="M${xOf(low).toFixed(1)} ${y + 10}H${xOf(high).toFixed(1)}M${xOf(low).toFixed(1)} ${
          y + 6
        }v8M${xOf(high).toFixed(1)} ${y + 6}v8"/>` +
        `<text class="ink" x="${(xOf(high) + 8).toFixed(1)}" y="${y + 15}">${middle.toFixed(2)}</text>`;
    }),
  ]);
}

/** Round-trip time against the share of datagrams that came back within it. */
export function latencyPlot(results: Results): string {
  const shares: [share: number, label: string][] = [
    [0, "0 %"],
    [0.9, "90 %"],
    [0.99, "99 %"],
    [0.999, "99.9 %"],
    [0.9999, "99.99 %"],
  ];
  const nines = (share: number) => -Math.log10(1 - share);
  const xOf = (share: number) => PLOT.left + nines(share) / nines(0.9999) * (PLOT.right - PLOT.left);
  // Percentiles at even distances on the axis, not at the few labelled ones only.
  const curve = Array.from({ length: 80 }, (_, index) => 1 - 10 ** (-(index + 1) / 20));
  const curves = results.programs(ROUND_TRIP).map((program) => {
    const histogram = results.histograms.get(program) ?? new Map();
    return { program, points: curve.map((share): Point => [share, percentile(histogram, share) / 1e3]) };
  });
  const values = curves.flatMap(({ points }) => points.map(([, microseconds]) => microseconds));
  const low = Math.floor(Math.log10(Math.min(10, ...values)));
  const high = Math.ceil(Math.log10(Math.max(100, ...values)));
  const yOf = (microseconds: number) =>
    PLOT.bottom - (Math.log10(microseconds) - low) / (high - low) * (PLOT.bottom - PLOT.top);
  const decades = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return svg("Round-trip time", "µs, at 10,000 datagrams a second, open loop; lower is better", HEIGHT, [
    ...grid(
      shares.map(([share, label]) => [xOf(share), label]),
      decades.map((tick) => [yOf(tick), tick.toLocaleString("en")]),
      "share of the datagrams that were back by then",
    ),
    ...lines(curves.map(({ program, points }) => ({ program, points: points.map(([x, y]) => [xOf(x), yOf(y)]) }))),
  ]);
}
