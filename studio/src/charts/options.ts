import type uPlot from "uplot";

import type { Line, LineChartProps } from "./lines";
import { token } from "./theme";

type Wanted = Pick<LineChartProps, "sync" | "range" | "isLog" | "isFromZero" | "marks" | "along"> & { show: (value: number) => string };

/** Return what uPlot needs for these lines, in the colors of the theme; marks are asked for at each drawing. */
export function chartOptions(
  lines: readonly Line[],
  wanted: Wanted,
  size: { width: number; height: number },
  marks: () => LineChartProps["marks"],
): uPlot.Options {
  const shown = lines.filter((line) => line.xs.length > 0);
  const { range } = wanted;
  return {
    ...size,
    padding: [wanted.marks?.length ? 16 : 8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      points: { size: 7 },
      drag: { x: false, y: false },
      ...(wanted.sync ? { sync: { key: wanted.sync } } : {}),
    },
    scales: {
      x: { time: false, range: wholeEpoch },
      y: {
        ...(range ? { range: [range[0], range[1]] as [number, number] } : {}),
        ...(wanted.isFromZero ? { range: (_: uPlot, __: number, high: number) => [0, high > 0 ? high * 1.1 : 1] as [number, number] } : {}),
        ...(wanted.isLog ? { distr: 3 as const } : {}),
      },
    },
    axes: [axis((value) => String(Number(value.toFixed(2))), 24), upright(wanted)],
    series: [
      {},
      ...shown.map((line) => ({
        label: line.label,
        stroke: token(line.color),
        width: line.width ?? 1.75,
        spanGaps: true,
        points: { show: (u: uPlot) => u.data[0].length < 3 },
        ...(line.dash?.length ? { dash: [...line.dash] } : {}),
      })),
    ],
    hooks: { drawClear: [(u) => drawMarks(u, marks() ?? [])], setCursor: [readout(shown, wanted)], ready: [addReadout] },
  };
}

function upright({ show, isFromZero, isLog }: Wanted): uPlot.Axis {
  const plain = axis(show, 52);
  if (isFromZero) return { ...plain, incrs: ROUND_BYTES };
  return isLog ? { ...plain, grid: { ...plain.grid, filter: powersOfTen }, ticks: { ...plain.ticks, filter: powersOfTen } } : plain;
}

/** A run of one point still gets an axis of an epoch, not of a fraction of one. */
function wholeEpoch(_: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  return high - low >= 1 ? [low, high] : [Math.floor(low), Math.max(Math.floor(low) + 1, high)];
}

/** On a logarithmic axis only the powers of ten get a line. */
const powersOfTen = (_: uPlot, splits: number[]): (number | null)[] =>
  splits.map((value) => (Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9 ? value : null));

/** Steps of an axis of bytes, so that its labels are round. */
const ROUND_BYTES = Array.from({ length: 40 }, (_, power) => 2 ** power);

function axis(show: (value: number) => string, size: number): uPlot.Axis {
  const line = { stroke: token("--line"), width: 1 };
  return {
    stroke: token("--text2"),
    font: `11px ${token("--font")}`,
    size,
    grid: line,
    ticks: { ...line, size: 4 },
    values: (_, values) => values.map((value) => (value === null ? "" : show(value))),
    space: size > 30 ? 34 : 60,
  };
}

function drawMarks(u: uPlot, marks: readonly { x: number; text: string }[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = token("--control");
  ctx.fillStyle = token("--text3");
  ctx.font = `${11 * devicePixelRatio}px ${token("--font")}`;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const { x, text } of marks) {
    const left = u.valToPos(x, "x", true);
    if (left < bbox.left - 1 || left > bbox.left + bbox.width + 1) continue;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.textAlign = left > bbox.left + bbox.width * 0.9 ? "right" : left < bbox.left + bbox.width * 0.1 ? "left" : "center";
    ctx.fillText(text, left + 0, bbox.top - 4 * devicePixelRatio);
  }
  ctx.restore();
}

const READOUT = "data-readout";
const MOST_READ = 6;

function addReadout(u: uPlot): void {
  const box = document.createElement("div");
  box.setAttribute(READOUT, "");
  box.hidden = true;
  u.over.append(box);
}

/** Write the numbers under the cursor into a small box on the chart. */
function readout(lines: readonly Line[], wanted: Wanted): (u: uPlot) => void {
  return (u) => {
    const box = u.over.querySelector<HTMLElement>(`[${READOUT}]`);
    const index = u.cursor.idx;
    if (!box) return;
    const isOn = index !== null && index !== undefined && (u.cursor.left ?? -1) >= 0;
    box.hidden = !isOn;
    if (!isOn) return;
    const x = u.data[0][index] ?? 0;
    const rows = lines.map((line, i) => ({ line, value: nearest(u.data[i + 1], index) })).filter((row) => row.value !== null);
    box.replaceChildren(
      text("b", `${wanted.along ?? "Epoch"} ${Number(x.toFixed(2))}`),
      ...rows.slice(0, MOST_READ).map(({ line, value }) => {
        const row = text("span", `${line.label} ${wanted.show(value ?? 0)}`);
        row.style.color = `var(${line.color})`;
        return row;
      }),
    );
    box.dataset["side"] = (u.cursor.left ?? 0) > u.over.clientWidth / 2 ? "left" : "right";
  };
}

/** Return the value at an index, or the last one before it. */
function nearest(values: ArrayLike<number | null | undefined> | undefined, index: number): number | null {
  for (let i = index; values && i >= 0; i -= 1) {
    const value = values[i];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

function text(tag: "b" | "span", content: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = content;
  return element;
}
