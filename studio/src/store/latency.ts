/** For the benchmark page only: how long an event takes from being written to being painted. */
import type { EventLine } from "../api/types";

type Measured = { latency: number[] };
declare global {
  interface Window {
    __studio?: Partial<Measured>;
  }
}

const MOST_SAMPLES = 10_000;
const isMeasuring = typeof location !== "undefined" && new URLSearchParams(location.search).has("measure");
if (isMeasuring) window.__studio = { ...window.__studio, latency: [] };

/** Note when these lines are on the screen: after the frame in which they are drawn. */
export function measurePaint(lines: readonly EventLine[]): void {
  const samples = isMeasuring ? window.__studio?.latency : undefined;
  if (!samples || samples.length >= MOST_SAMPLES) return;
  const times = lines.map((line) => line.time);
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      for (const time of times) samples.push(Date.now() - 1000 * time);
    };
    channel.port2.postMessage(null);
  });
}
