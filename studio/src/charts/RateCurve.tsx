import { useId, useState } from "react";

import type { RateTest } from "../api/types";
import { Button } from "../kit/Button";
import { formatNumber } from "../model/format";
import { drawRates, rateWords } from "../model/rates";
import css from "./curve.module.css";

const BOX = { width: 640, height: 260, left: 52, top: 24, right: 16, bottom: 40 };

/** The loss of a training along its rising rate: each update a dot, their course a line; rates to choose from are marked. */
export function RateCurve({ test }: { test: RateTest }) {
  const id = useId();
  const [isTable, setTable] = useState(false);
  return (
    <figure className={css.figure} aria-labelledby={id}>
      <figcaption className={css.caption}>
        <span id={id}>Loss at rising rates</span>
        <Button onClick={() => setTable(!isTable)} aria-pressed={isTable}>
          {isTable ? "As chart" : "As table"}
        </Button>
      </figcaption>
      {isTable ? <Table test={test} /> : <Drawing test={test} />}
    </figure>
  );
}

function Drawing({ test }: { test: RateTest }) {
  const { course, dots, marks, xs, ys } = drawRates(test, BOX);
  const floor = BOX.height - BOX.bottom;
  return (
    <svg className={css.drawing} viewBox={`0 0 ${BOX.width} ${BOX.height}`} role="img" aria-label={`${test.words} The table has all numbers.`}>
      {ys.map(({ at, loss }) => (
        <g key={loss}>
          <line x1={BOX.left} x2={BOX.width - BOX.right} y1={at} y2={at} className={css.grid} />
          <text x={BOX.left - 8} y={at + 4} textAnchor="end">
            {formatNumber(loss)}
          </text>
        </g>
      ))}
      {xs.map(({ at, rate }) => (
        <text key={rate} x={at} y={floor + 18} textAnchor="middle">
          {rateWords(rate)}
        </text>
      ))}
      <text x={(BOX.left + BOX.width) / 2} y={BOX.height - 4} textAnchor="middle">
        {test.field.replaceAll("_", " ")}
      </text>
      {dots.map(({ x, y }, index) => (
        <circle key={index} cx={x} cy={y} r={2} className={css.dot} opacity={0.4} />
      ))}
      <path d={course} className={css.line} />
      {marks.map(({ name, x }, row) => (
        <g key={name}>
          <line x1={x} x2={x} y1={BOX.top - 6} y2={floor} className={name === "suggested" ? css.chosen : css.constant} />
          <text x={x + 5} y={BOX.top - 2 + 13 * row} textAnchor="start">
            {name}
          </text>
        </g>
      ))}
    </svg>
  );
}

function Table({ test }: { test: RateTest }) {
  return (
    <div className={css.scroll}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Rate</th>
            <th scope="col">Loss</th>
            <th scope="col">Smoothed</th>
          </tr>
        </thead>
        <tbody>
          {test.points.map((point) => (
            <tr key={point.rate}>
              <th scope="row">{rateWords(point.rate)}</th>
              <td>{formatNumber(point.loss)}</td>
              <td>{formatNumber(point.smoothed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
