import { Gauge, Move } from "lucide-react";

import css from "../canvas/content/base.module.css";
import { Button } from "../kit/Button";
import { Busy } from "../kit/small";
import { adviceWords, besideDepth, besideDrift, protocolWords, type Beside } from "../model/depth";
import { type FlowDepth, type FlowDrift, useFlowDepth, useFlowDrift } from "../store/depth";
import { RefusalNotice } from "./RefusalNotice";

export type Shown = "depth" | "drift" | null;
export type StageLooks = { depth: FlowDepth; drift: FlowDrift; besides: ReadonlyMap<string, Beside> | null };

/** Return the looks into the base of a node, and what they say beside its stages. */
export function useStageLooks(id: string, shown: Shown): StageLooks {
  const depth = useFlowDepth(id);
  const drift = useFlowDrift(id);
  const besides = shown === "depth" && depth.report ? besideDepth(depth.report) : shown === "drift" && drift.report ? besideDrift(drift.report) : null;
  return { depth, drift, besides };
}

type Props = { looks: StageLooks; shown: Shown; onShow: (shown: Shown) => void };

/** Ask for a look into the base; its answer stands beside the stages. */
export function StageLooksBar({ looks, shown, onShow }: Props) {
  const { depth, drift } = looks;
  const ask = (what: "depth" | "drift") => {
    if (shown === what) return onShow(null);
    onShow(what);
    if (!looks[what].report) looks[what].start();
  };
  const now = shown === "depth" ? depth : shown === "drift" ? drift : null;
  return (
    <>
      <div className={css.head}>
        <Button aria-pressed={shown === "depth"} whyNot={depth.whyNot} tip="Which depth separates your classes: one pass of the base over your images" onClick={() => ask("depth")}>
          <Gauge size={13} aria-hidden /> Probe by depth
        </Button>
        {drift.run ? (
          <Button aria-pressed={shown === "drift"} tip="How far the run of this flow moved each stage" onClick={() => ask("drift")}>
            <Move size={13} aria-hidden /> What moved
          </Button>
        ) : null}
      </div>
      {now?.isBusy ? <Busy what={shown === "depth" ? "The base looks at the images once…" : "Comparing before and after…"} /> : null}
      {now?.error ? <RefusalNotice error={now.error} onRetry={now.start} /> : null}
      {shown === "depth" && depth.report ? (
        <p className={css.note} role="status">
          {adviceWords(depth.report)} {protocolWords(depth.report)} {depth.report.notes.join(" ")}
        </p>
      ) : null}
      {shown === "drift" && drift.report ? <p className={css.note}>Weights of each stage: their way over their length at the start. {drift.report.notes.join(" ")}</p> : null}
    </>
  );
}
