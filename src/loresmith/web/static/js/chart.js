/* Curves over steps or time, drawn by uPlot in the colours of the page, redrawn when they change. */

import uPlot from "../vendor/uplot-1.6.32/uPlot.esm.js";
import { property } from "./studio.js";

const WHOLE_STEPS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap((ten) => [ten, 2 * ten, 5 * ten]);
const TONES = ["--accent", "--warn", "--bad", "--edge", "--ink"];

/** Draws into `place` (a `ui.chart`).

    `series`: [{ label, tone = "--accent", width = 1.5, dash, faint, points }], as many as `data` has
    rows below the first, which is x. `data` as uPlot takes it: [xs, ys, …], null for a gap.
    Options: `time` (x is a moment in seconds), `log` (y), `height` in px, `sync` (a key that charts
    share so that the cursor moves over all), `format` (y to text), `range` (of y, where it is fixed),
    `x` and `y` (the titles of the axes, with units).
    Returns { update(data), resize(), destroy() }. */
export function lineChart(place, { series, data, time = false, log = false, height = 220, sync, format, range, x = "", y = "" }) {
  let chart = null;
  let shown = data;
  const draw = () => {
    chart?.destroy();
    chart = new uPlot(options(), shown, place);
  };
  const options = () => ({
    width: place.clientWidth || 400,
    height,
    padding: [10, 10, 0, 0],
    cursor: { drag: { x: true, y: false }, ...(sync ? { sync: { key: sync } } : {}) },
    scales: { x: { time }, y: log ? { distr: 3 } : range ? { range } : {} },
    axes: [
      axis({ size: 30, title: x, ...(time ? {} : { incrs: WHOLE_STEPS }) }),
      axis({ size: 52, title: y, values: format && ((_, ticks) => ticks.map(format)) }),
    ],
    series: [{ label: x, value: (_, value) => said(value, plain) }, ...series.map(curve)],
  });
  const curve = ({ label, tone, width = 1.5, dash, faint = false, points = false }, index) => {
    const colour = property(tone ?? TONES[index % TONES.length]);
    return {
      label, width, dash, stroke: faint ? withAlpha(colour, 0.35) : colour,
      points: points ? { show: true, size: 5, fill: colour } : { show: false },
      spanGaps: true,
      value: (_, value) => said(value, format ?? plain),
    };
  };
  const resized = new ResizeObserver(() => {
    if (chart && place.clientWidth && place.clientWidth !== chart.width) {
      chart.setSize({ width: place.clientWidth, height });
    }
  });
  draw();
  resized.observe(place);
  document.addEventListener("themechange", draw);
  return {
    update(next) {
      shown = next;
      chart.setData(next);
    },
    destroy() {
      resized.disconnect();
      document.removeEventListener("themechange", draw);
      chart.destroy();
    },
  };
}

const said = (value, format) => (value == null ? "–" : format(value));

function axis({ size, title, values }) {
  const made = {
    ...(title ? { label: title, labelSize: 20, labelGap: 0, labelFont: `12px ${property("--sans")}` } : {}),
    size, stroke: property("--soft"), font: `12px ${property("--sans")}`, gap: 4,
    grid: { stroke: property("--line"), width: 1 }, ticks: { stroke: property("--line"), width: 1, size: 4 },
  };
  return values ? { ...made, values } : made;
}

/** `value` with four significant digits. */
export function plain(value) {
  return Math.abs(value) >= 1000 || Number.isInteger(value)
    ? value.toLocaleString()
    : String(Number(value.toPrecision(4)));
}

function withAlpha(colour, share) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${red}, ${green}, ${blue}, ${share})`;
}
