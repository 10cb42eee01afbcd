import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "react";
import type uPlot from "uplot";

import { align } from "../model/series";
import css from "./charts.module.css";
import type { Line, LineChartProps } from "./lines";
import { chartOptions } from "./options";
import { useThemeName } from "./theme";

type Props = LineChartProps & { names: string; show: (value: number) => string };

/** The drawing itself: made anew when lines come or go or the theme changes, else only given new numbers. */
export function LineCanvas(props: Props) {
  const { title, read, subscribe, version, names } = props;
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  const theme = useThemeName();
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    const place = box.current;
    if (!place) return;
    let isGone = false;
    let made: uPlot | null = null;
    const resize = new ResizeObserver(() => made?.setSize(sizeOf(place)));
    void import("uplot").then(({ default: Plot }) => {
      if (isGone) return;
      const lines = latest.current.read();
      made = new Plot(
        chartOptions(lines, latest.current, sizeOf(place), () => latest.current.marks),
        dataOf(lines),
        place,
      );
      chart.current = made;
      resize.observe(place);
    });
    return () => {
      isGone = true;
      resize.disconnect();
      made?.destroy();
      chart.current = null;
    };
  }, [names, theme, props.range?.[0], props.range?.[1], props.isLog, props.isFromZero, props.sync, props.marks?.length]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    const draw = () => chart.current?.setData(dataOf(latest.current.read()));
    draw();
    return subscribe?.(draw);
  }, [read, subscribe, version]);
  return <div ref={box} className={css.canvas} role="img" aria-label={`${title}: chart. View as table for the numbers.`} />;
}

const sizeOf = (place: HTMLElement) => ({
  width: Math.max(80, place.clientWidth),
  height: Math.max(60, place.clientHeight),
});

function dataOf(lines: readonly Line[]): uPlot.AlignedData {
  const shown = lines.filter((line) => line.xs.length > 0);
  return align(shown) as uPlot.AlignedData;
}
