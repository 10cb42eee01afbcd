import type { ReactElement } from "react";

import css from "./kinds.module.css";

const dots = (points: readonly (readonly [number, number])[], look: string | undefined, hollow = false) =>
  points.map(([x, y]) => <circle key={`${x}-${y}`} cx={x} cy={y} r={4} className={look} fillOpacity={hollow ? 0 : 1} strokeWidth={1.5} />);

const LEFT = [[20, 22], [32, 34], [22, 42]] as const;
const LEFT_LOW = [[24, 58], [36, 66], [40, 54]] as const;
const RIGHT = [[70, 20], [84, 28], [76, 36]] as const;
const RIGHT_LOW = [[72, 58], [86, 64], [80, 52]] as const;

/** Circles are one class and squares another; one color is one domain. */
const squares = (points: readonly (readonly [number, number])[], look: string | undefined, hollow = false) =>
  points.map(([x, y]) => <rect key={`${x}-${y}`} x={x - 4} y={y - 4} width={8} height={8} className={look} fillOpacity={hollow ? 0 : 1} strokeWidth={1.5} />);

const PICTURES: Record<string, ReactElement> = {
  domain: (
    <>
      <ellipse cx={30} cy={42} rx={24} ry={32} className={css.dash} />
      <ellipse cx={78} cy={42} rx={24} ry={32} className={css.dash} />
      {dots([...LEFT, ...LEFT_LOW], css.a)}
      {dots([...RIGHT, ...RIGHT_LOW], css.b)}
    </>
  ),
  task: (
    <>
      {dots([...LEFT, ...RIGHT], css.a)}
      {squares([...LEFT_LOW, ...RIGHT_LOW], css.a)}
      <path d="M8 47 L100 45" className={css.line} />
    </>
  ),
  source: (
    <>
      {dots(LEFT, css.a)}
      {squares(LEFT_LOW, css.a)}
      <path d="M50 42 h14 m-5 -5 l5 5 l-5 5" className={css.line} />
      {dots(RIGHT, css.b)}
      {squares(RIGHT_LOW, css.b)}
    </>
  ),
  shift: (
    <>
      <path d="M6 70 C20 70 22 20 36 20 C50 20 52 70 66 70" className={css.line} />
      <path d="M38 70 C52 70 56 34 70 34 C84 34 88 70 102 70" className={css.dash} />
      <path d="M40 14 h22 m-5 -5 l5 5 l-5 5" className={css.line} />
    </>
  ),
  inductive: (
    <>
      {[0, 1, 2].map((at) => (
        <rect key={at} x={12 + at * 20} y={26} width={16} height={32} rx={2} className={css.frozen} />
      ))}
      <rect x={76} y={26} width={16} height={32} rx={2} className={css.free} />
      <path d="M70 70 h26 m-5 -5 l5 5 l-5 5" className={css.line} />
    </>
  ),
  transductive: (
    <>
      {dots(LEFT, css.a)}
      {squares(LEFT_LOW, css.a)}
      {dots([...RIGHT, ...RIGHT_LOW], css.b, true)}
      <path d="M64 20 h-14 m5 -5 l-5 5 l5 5 M64 62 h-14 m5 -5 l-5 5 l5 5" className={css.line} />
    </>
  ),
  parameters: (
    <>
      {[0, 1, 2].map((at) => (
        <rect key={at} x={8 + at * 12} y={22} width={9} height={40} rx={2} className={css.frozen} />
      ))}
      <path d="M46 42 h14 m-5 -5 l5 5 l-5 5" className={css.line} />
      {[0, 1, 2].map((at) => (
        <rect key={at} x={66 + at * 12} y={22} width={9} height={40} rx={2} className={at < 2 ? css.frozen : css.free} />
      ))}
    </>
  ),
  instances: (
    <>
      <circle cx={20} cy={24} r={2} className={css.a} />
      <circle cx={30} cy={58} r={3} className={css.a} />
      <circle cx={46} cy={36} r={6} className={css.a} />
      <circle cx={58} cy={54} r={8} className={css.a} />
      {dots(RIGHT, css.b, true)}
      {dots(RIGHT_LOW, css.b, true)}
    </>
  ),
  relations: (
    <>
      <path d="M22 24 L40 52 L22 66 Z M74 20 L96 54 L74 68 Z" className={css.line} />
      {dots([[22, 24], [40, 52], [22, 66]], css.a)}
      {dots([[74, 20], [96, 54], [74, 68]], css.b)}
      <path d="M48 42 h14 m-5 -5 l5 5 l-5 5" className={css.line} />
    </>
  ),
};

/** A small drawing of a concept. */
export function Picture({ name, title }: { name: string; title: string }) {
  return (
    <svg viewBox="0 0 108 84" className={css.picture} role="img" aria-label={`Drawing: ${title}`}>
      {PICTURES[name]}
    </svg>
  );
}
