import { type KeyboardEvent, type PointerEvent, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";

import { formatExact, formatNumber } from "../model/format";
import { type Ink, inkRgb } from "../model/ink";
import { type GridIndex, type Place, type Points, type Style, type Window, dataAt, lookFor, paint, panned, parseHex, placeOf, ticks, zoomed } from "../model/scatter";
import css from "./scatter.module.css";
import { LINE_TOKENS, token, useThemeName } from "./theme";

type Props = {
  label: string;
  points: Points & { color?: Uint8Array | undefined };
  index: GridIndex;
  palette: readonly Ink[] | undefined;
  /** Points that have a place. */
  total: number;
  rings: readonly number[] | undefined;
  axes: { x: string; y: string };
  isDiagonal: boolean;
  whole: Window;
  view: Window;
  onView: (view: Window) => void;
  chosen: readonly number[];
  isLasso: boolean;
  onHover: ((index: number | null, at?: Place) => void) | undefined;
  onPick: ((index: number) => void) | undefined;
  onChoose: ((indices: readonly number[]) => void) | undefined;
};
type Size = { width: number; height: number };
type Drag = { kind: "pan"; first: Place; last: Place } | { kind: "loop"; loop: Place[] };

const LEFT = 54;
const BELOW = 34;
const EDGE = 6;
const REACH = 10;
const STEP = 0.1;
/** Pixels that a pointer may move between down and up and still have clicked. */
const STILL = 3;
const NO_RINGS: readonly number[] = [];

/** The field itself. React is asked for a new frame at most once for each frame of the screen. */
export function ScatterField(props: Props) {
  const { label, points, index, axes, isDiagonal, whole, view, chosen, isLasso, onHover, onPick, onChoose, palette, total, rings = NO_RINGS } = props;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | null>(null);
  const [outer, setOuter] = useState<Size>({ width: 0, height: 0 });
  const [near, setNear] = useState<number | null>(null);
  const [loop, setLoop] = useState<readonly Place[]>([]);
  const size = useMemo(
    () => ({ width: Math.max(0, outer.width - LEFT - EDGE), height: Math.max(0, outer.height - BELOW - EDGE) }),
    [outer],
  );
  const move = useFrameView(view, props.onView);
  const canvas = usePainting(points, view, size, chosen, palette);

  useLayoutEffect(() => {
    const place = box.current;
    if (!place) return;
    const measure = () => setOuter({ width: place.clientWidth, height: place.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(place);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault(); // the page must not scroll, which React's own listener cannot prevent
      const at = shareOf(placeIn(place, event), size);
      move((now) => zoomed(now, Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)), whole, at));
    };
    place.addEventListener("wheel", onWheel, { passive: false });
    return () => place.removeEventListener("wheel", onWheel);
  }, [move, whole, size]);

  const hover = (next: number | null, event?: PointerEvent) => {
    if (next === null && near === null) return;
    setNear(next);
    onHover?.(next, event ? { x: event.clientX, y: event.clientY } : undefined);
  };
  const onDown = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = placeIn(event.currentTarget, event);
    drag.current = onChoose && (isLasso || event.shiftKey) ? { kind: "loop", loop: [at] } : { kind: "pan", first: at, last: at };
    hover(null);
  };
  const onMove = (event: PointerEvent<HTMLDivElement>) => {
    const at = placeIn(event.currentTarget, event);
    const now = drag.current;
    if (!now) return hover(index.nearest(view, size, at, REACH), event);
    if (now.kind === "loop") {
      now.loop.push(at);
      return setLoop([...now.loop]);
    }
    const { last } = now;
    now.last = at;
    move((old) => panned(old, (last.x - at.x) / size.width, (at.y - last.y) / size.height));
  };
  const onUp = () => {
    const ended = drag.current;
    drag.current = null;
    setLoop([]);
    if (ended?.kind === "pan" && Math.hypot(ended.last.x - ended.first.x, ended.last.y - ended.first.y) <= STILL) {
      const found = index.nearest(view, size, ended.first, REACH);
      if (found !== null) onPick?.(found);
    }
    if (ended?.kind === "loop") onChoose?.(index.inside(ended.loop.map((at) => dataAt(view, size, at))));
  };
  const onKey = (event: KeyboardEvent) => {
    const next = event.ctrlKey || event.metaKey || event.altKey ? null : KEYS[event.key];
    if (event.key === "Escape" && chosen.length) onChoose?.([]);
    else if (next) move((now) => next(now, whole));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className={css.frame}>
      <div
        ref={box}
        className={css.field}
        data-lasso={isLasso || undefined}
        data-testid="scatter"
        role="img"
        tabIndex={0}
        aria-label={`${label}: ${formatExact(total)} points, ${axes.x} across, ${axes.y} up.`}
        aria-describedby={id}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={onUp}
        onPointerCancel={onUp}
        onPointerLeave={() => hover(null)}
        onKeyDown={onKey}
      >
        <canvas ref={canvas} style={{ left: LEFT, top: EDGE, width: size.width, height: size.height }} aria-hidden />
        <Overlay outer={outer} size={size} view={view} axes={axes} isDiagonal={isDiagonal} loop={loop} rings={rings.map((i) => placeOf(view, size, points.x[i] ?? NaN, points.y[i] ?? NaN))} point={near === null ? null : placeOf(view, size, points.x[near] ?? NaN, points.y[near] ?? NaN)} />
      </div>
      <span id={id} className="sr-only">
        Arrow keys move, plus and minus zoom, 0 shows all points. View as table has the numbers.
      </span>
    </div>
  );
}

const KEYS: Record<string, (view: Window, whole: Window) => Window> = {
  ArrowLeft: (view) => panned(view, -STEP, 0),
  ArrowRight: (view) => panned(view, STEP, 0),
  ArrowUp: (view) => panned(view, 0, STEP),
  ArrowDown: (view) => panned(view, 0, -STEP),
  "+": (view, whole) => zoomed(view, 1.25, whole),
  "=": (view, whole) => zoomed(view, 1.25, whole),
  "-": (view, whole) => zoomed(view, 0.8, whole),
  "0": (_, whole) => whole,
};

/** Return a function that changes the window; several changes within a frame become one. */
function useFrameView(view: Window, onView: (view: Window) => void): (change: (now: Window) => Window) => void {
  const latest = useRef({ view, onView });
  const pending = useRef<Window | null>(null);
  const frame = useRef(0);
  useEffect(() => {
    latest.current = { view, onView };
  });
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    },
    [],
  );
  const [move] = useState(() => (change: (now: Window) => Window) => {
    pending.current = change(pending.current ?? latest.current.view);
    if (frame.current) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      const next = pending.current;
      pending.current = null;
      if (next) latest.current.onView(next);
    });
  });
  return move;
}

/** Paint the points into a canvas when they, the window, the size, the theme or the choice change. */
function usePainting(points: Props["points"], view: Window, size: Size, chosen: readonly number[], palette: readonly Ink[] | undefined) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const image = useRef<ImageData | null>(null);
  const theme = useThemeName();
  const mask = useMemo(() => {
    if (!chosen.length) return null;
    const found = new Uint8Array(points.x.length);
    for (const index of chosen) found[index] = 1;
    return found;
  }, [chosen, points]);
  const style = useMemo(() => colorsOf(theme, palette), [theme, palette]);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d", { alpha: false });
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    if (!element || !context || !width || !height) return;
    if (element.width !== width || element.height !== height || !image.current) {
      element.width = width;
      element.height = height;
      image.current = context.createImageData(width, height);
    }
    paint(image.current, points, view, { ...style, ...lookFor(points.x.length, ratio) }, mask);
    context.putImageData(image.current, 0, 0);
  }, [points, view, size, mask, style]);
  return canvas;
}

function colorsOf(_theme: string, palette: readonly Ink[] | undefined): Pick<Style, "background" | "palette" | "muted"> {
  const color = (name: string) => parseHex(token(name));
  const own = palette?.map((ink) => inkRgb(ink, token));
  return { background: color("--s1"), muted: color("--text3"), palette: own?.length ? own : LINE_TOKENS.map(color) };
}

type OverlayProps = { outer: Size; size: Size; view: Window; axes: Props["axes"]; isDiagonal: boolean; loop: readonly Place[]; rings: readonly Place[]; point: Place | null };

/** Axes, the line of equals, the loop being drawn and the ring around a point. */
function Overlay({ outer, size, view, axes, isDiagonal, loop, rings, point }: OverlayProps) {
  const clip = useId();
  if (!size.width || !size.height) return null;
  const a = placeOf(view, size, view.x0, view.x0);
  const b = placeOf(view, size, view.x1, view.x1);
  return (
    <svg className={css.overlay} width={outer.width} height={outer.height} aria-hidden>
      <g transform={`translate(${LEFT} ${EDGE})`}>
        <clipPath id={clip}>
          <rect width={size.width} height={size.height} />
        </clipPath>
        <rect className={css.border} width={size.width} height={size.height} />
        {ticks(view.x0, view.x1, Math.max(2, size.width / 80)).map((value) => {
          const { x } = placeOf(view, size, value, 0);
          return (
            <g key={value} transform={`translate(${x} ${size.height})`}>
              <line y2={4} />
              <text y={15} textAnchor="middle">
                {formatNumber(value)}
              </text>
            </g>
          );
        })}
        {ticks(view.y0, view.y1, Math.max(2, size.height / 40)).map((value) => {
          const { y } = placeOf(view, size, 0, value);
          return (
            <g key={value} transform={`translate(0 ${y})`}>
              <line x2={-4} />
              <text x={-7} dy="0.35em" textAnchor="end">
                {formatNumber(value)}
              </text>
            </g>
          );
        })}
        <text className={css.axis} x={size.width / 2} y={size.height + 29} textAnchor="middle">
          {axes.x}
        </text>
        <text className={css.axis} transform={`translate(${12 - LEFT} ${size.height / 2}) rotate(-90)`} textAnchor="middle">
          {axes.y}
        </text>
        <g clipPath={`url(#${clip})`}>
          {isDiagonal ? <line className={css.diagonal} x1={a.x} y1={a.y} x2={b.x} y2={b.y} /> : null}
          {loop.length > 1 ? <polygon className={css.loop} points={loop.map(({ x, y }) => `${x},${y}`).join(" ")} /> : null}
          {rings.map(({ x, y }, at) => (Number.isFinite(x) && Number.isFinite(y) ? <circle key={at} className={css.ring} data-first={at === 0 || undefined} cx={x} cy={y} r={at === 0 ? 9 : 6} /> : null))}
          {point ? <circle className={css.ring} cx={point.x} cy={point.y} r={6} /> : null}
        </g>
      </g>
    </svg>
  );
}

function placeIn(element: HTMLElement, event: { clientX: number; clientY: number }): Place {
  const edge = element.getBoundingClientRect();
  return { x: event.clientX - edge.left - LEFT, y: event.clientY - edge.top - EDGE };
}

/** A place as shares of the field, from the left and from below. */
const shareOf = (at: Place, size: Size): Place => ({ x: at.x / (size.width || 1), y: 1 - at.y / (size.height || 1) });
