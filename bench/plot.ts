/** Plots the results as SVG, readable on light and on dark pages. */

import { type EChartsOption, init } from "echarts";
import { FIGURES, ROUND_TRIP, SWEEP } from "./figures.ts";
import { NAMES } from "./programs.ts";
import { median, percentile, type Results } from "./results.ts";

const WIDTH = 760;
const LINE_CHART_HEIGHT = 424;

/** The colours of a light page, each with its counterpart on a dark one. */
const DARK_OF: Readonly<Record<string, string>> = {
  "#ffffff": "#0d1117",
  "#1f2328": "#e6edf3",
  "#59636e": "#9198a1",
  "#d8dee4": "#30363d",
  "#0969da": "#58a6ff",
  "#bc4c00": "#f0883e",
  "#bf3989": "#f778ba",
  "#1a7f37": "#3fb950",
  "#424a53": "#d0d7de",
  "#6e7781": "#8b949e",
  "#8250df": "#bc8cff",
};
const [PAPER, INK, MUTED, GRID] = ["#ffffff", "#1f2328", "#59636e", "#d8dee4"];
const OTHER_COLOUR = "#6e7781";

/** Colour and line type: the lines differ in print and for the colour-blind, too. */
const STYLES: ReadonlyMap<string, [colour: string, type: "solid" | "dashed" | "dotted"]> = new Map([
  [NAMES.deno, ["#0969da", "solid"]],
  [NAMES.bun, ["#bc4c00", "solid"]],
  [NAMES.node, ["#bf3989", "solid"]],
  [NAMES.segmentation, ["#1a7f37", "dashed"]],
  [NAMES.recvmmsg, ["#424a53", "dashed"]],
  [NAMES.recvmsg, [OTHER_COLOUR, "dotted"]],
  [NAMES.python, ["#8250df", "dotted"]],
]);

type Point = [x: number, y: number];

/** A curve of a line chart, in the units of its axes. */
interface Curve {
  program: string;
  points: Point[];
}

/** Renders a chart under a title and a note that says what is plotted. */
function render(title: string, note: string, height: number, option: EChartsOption): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: PAPER,
    textStyle: { fontFamily: "system-ui, sans-serif", fontSize: 13 },
    title: {
      text: title,
      subtext: note,
      left: 8,
      top: 6,
      itemGap: 6,
      textStyle: { color: INK, fontSize: 16, fontWeight: 600 },
      subtextStyle: { color: MUTED, fontSize: 13 },
    },
    ...option,
  });
  const svg = chart.renderToSVGString({ useViewBox: true });
  // Ends the timers of the chart, which keep the process alive.
  chart.dispose();
  const rules = Object.entries(DARK_OF).map(([light, dark]) =>
    `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`
  );
  return svg
    // Not every renderer knows this attribute.
    .replaceAll('dominant-baseline="central"', 'dy="0.35em"')
    .replace("</svg>", `<style>@media(prefers-color-scheme:dark){${rules.join("")}}</style>\n</svg>\n`);
}

const LABEL = { color: MUTED, fontSize: 13 };
const HIDDEN = { show: false };

/** What all axes share. Their names stand beside their middle. */
const AXIS = {
  nameLocation: "middle" as const,
  nameTextStyle: LABEL,
  nameGap: 32,
  axisLabel: LABEL,
  axisTick: HIDDEN,
  axisLine: { lineStyle: { color: GRID } },
  splitLine: HIDDEN,
};

/** The vertical axis of a line chart: no line of its own, but one across the chart at each label. */
const LINE_CHART_Y_AXIS = {
  ...AXIS,
  nameGap: 56,
  axisLine: HIDDEN,
  splitLine: { show: true, lineStyle: { color: GRID } },
};

/** The parts of a line chart whose curves carry their names at the right end. */
function lineChart(curves: Curve[]): EChartsOption {
  return {
    grid: { left: 84, top: 76, right: 226, bottom: 56 },
    series: curves.map(({ program, points }) => {
      const [color, type] = STYLES.get(program) ?? [OTHER_COLOUR, "solid"];
      return {
        type: "line",
        name: program,
        data: points,
        silent: true,
        showSymbol: false,
        lineStyle: { color, type, width: 2.2 },
        endLabel: { show: true, formatter: "{a}", color, fontSize: 13, distance: 10, textBorderWidth: 0 },
        labelLayout: { moveOverlap: "shiftY" },
      };
    }),
  };
}

/** Echoes per second against the number of datagrams in flight. */
export function ratePlot(results: Results): string {
  const figures = [...FIGURES, ...SWEEP].filter(({ sweep }) => sweep).sort((a, b) => (a.sweep ?? 0) - (b.sweep ?? 0));
  const curves = [...STYLES.keys()].map((program) => ({
    program,
    points: figures
      .map(({ id, sweep = 1 }): Point => [Math.log2(sweep), median(results.values(id, program, "rate")) / 1e3])
      .filter(([, rate]) => Number.isFinite(rate)),
  })).filter(({ points }) => points.length > 0);
  return render("Echoes per second", "One client, 64-byte datagrams. Higher is better.", LINE_CHART_HEIGHT, {
    ...lineChart(curves),
    xAxis: {
      ...AXIS,
      type: "value",
      name: "datagrams in flight",
      interval: 1,
      axisLabel: { ...LABEL, formatter: (power: number) => `${2 ** power}` },
    },
    yAxis: { ...LINE_CHART_Y_AXIS, type: "value", name: "thousand echoes per second" },
  });
}

/** Round-trip time against the percentile, with the same room for each further nine. */
export function latencyPlot(results: Results): string {
  const percentiles = ["0", "90", "99", "99.9", "99.99"];
  const nines = Array.from({ length: 80 }, (_, index) => (index + 1) / 20);
  const curves = results.programs(ROUND_TRIP).map((program) => {
    const histogram = results.histograms.get(program) ?? new Map();
    return { program, points: nines.map((n): Point => [n, percentile(histogram, 1 - 10 ** -n) / 1e3]) };
  });
  const note = "10,000 datagrams per second, open loop. Lower is better.";
  return render("Round-trip time", note, LINE_CHART_HEIGHT, {
    ...lineChart(curves),
    xAxis: {
      ...AXIS,
      type: "value",
      name: "percentile",
      interval: 1,
      max: 4,
      axisLabel: { ...LABEL, formatter: (n: number) => percentiles[n] ?? "" },
    },
    yAxis: {
      ...LINE_CHART_Y_AXIS,
      type: "log",
      name: "round-trip time in µs",
      axisLabel: { ...LABEL, formatter: (microseconds: number) => microseconds.toLocaleString("en") },
    },
  });
}

/** Processor time of each server for one datagram. */
export function cpuPlot(results: Results): string {
  const bars = results.programs("64x64")
    .map((program) => ({ program, microseconds: median(results.values("64x64", program, "cpu")) }))
    .filter(({ microseconds }) => Number.isFinite(microseconds))
    .sort((a, b) => a.microseconds - b.microseconds);
  const mark = results.wrongSource.size > 0 ? " † replies from the wrong address." : "";
  const note = `Median, 64 datagrams of 64 bytes in flight. Lower is better.${mark}`;
  return render("Processor time per datagram", note, 132 + bars.length * 28, {
    grid: { left: 232, top: 68, right: 40, bottom: 56 },
    xAxis: { ...AXIS, type: "value", name: "µs of the server process per datagram" },
    yAxis: {
      ...AXIS,
      type: "category",
      inverse: true,
      data: bars.map(({ program }) => results.wrongSource.has(program) ? `${program} †` : program),
      axisLabel: { ...LABEL, color: INK },
    },
    series: {
      type: "bar",
      silent: true,
      barWidth: 18,
      data: bars.map(({ program, microseconds }) => ({
        value: microseconds,
        itemStyle: { color: STYLES.get(program)?.[0] ?? OTHER_COLOUR },
        label: { show: true, position: "right" as const, color: INK, formatter: microseconds.toFixed(2) },
      })),
    },
  });
}
