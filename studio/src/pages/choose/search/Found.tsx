import { Check, FlaskConical } from "lucide-react";
import { useMemo, useState } from "react";

import type { Search } from "../../../api/types";
import { Bars } from "../../../charts/Bars";
import { ParallelRounds } from "../../../charts/ParallelRounds";
import { Scatter } from "../../../charts/Scatter";
import { SlicePlots } from "../../../charts/SlicePlots";
import { Button } from "../../../kit/Button";
import { Notice } from "../../../kit/small";
import { formatExact, formatPercent, formatSeconds } from "../../../model/format";
import { intervalWords } from "../../../model/scores";
import { scoreWords, showScore } from "../../../model/told";
import { markOf, scored } from "../../../model/tuning";
import { edit } from "../../../store/doc";
import { say } from "../../../store/toast";
import { startFinal } from "../../../store/tuning";
import { Rounds } from "./Rounds";
import css from "./search.module.css";

const MARKS = ["plain", "front", "take"];
const PALETTE = [{ token: "--control" }, { token: "--trainable" }, { token: "--accent" }];

/** What a search found so far: the settings to take, the front, what mattered, and all rounds. */
export function Found({ project, search, goes }: { project: string; search: Search; goes: boolean }) {
  const [picked, setPicked] = useState<number | null>(null);
  const name = search.score_name ?? "accuracy";
  const told = search.importance.filter((one) => one.share !== null);
  const take = () => {
    const best = search.best_flow;
    if (!best) return;
    edit("Use settings of a search", (flow) => ({ ...flow, nodes: best.nodes.map((node) => ({ ...node, title: flow.nodes.find(({ id }) => id === node.id)?.title ?? node.title })), edges: best.edges, recipe: best.recipe }));
    say("The flow has the settings of the search; undo takes them back.");
  };
  return (
    <>
      {search.why ? <Notice tone="info">{search.why}</Notice> : null}
      <div className={css.line}>
        <Button look="primary" whyNot={search.best_flow ? null : "No round is finished yet."} onClick={take}>
          <Check size={14} aria-hidden /> Use these settings
        </Button>
        <Button whyNot={goes ? "The search goes on." : search.best_flow ? null : "No round is finished yet."} onClick={() => void startFinal(project, search.id)}>
          <FlaskConical size={14} aria-hidden /> Train and test them beside the flow as it stood
        </Button>
      </div>
      <Final search={search} name={name} />
      <div className={css.pair}>
        <Front search={search} name={name} picked={picked} onPick={setPicked} />
        <section aria-label="Importance">
          <h3>What mattered</h3>
          {told.length ? (
            <Bars
              title="Share of the score's variance that a setting explains"
              most={1}
              bars={search.importance.map((one) => ({
                key: one.name,
                label: one.name.replaceAll("_", " "),
                value: one.share ?? 0,
                text: one.share === null ? "–" : `${formatPercent(one.share, 0)} of n = ${one.num_rounds}`,
              }))}
            />
          ) : (
            <p className={css.quiet}>{search.importance[0]?.reason ?? "Nothing is known yet."}</p>
          )}
        </section>
      </div>
      <ParallelRounds search={search} title="Settings of each round" picked={picked} show={(score) => showScore(name, score)} />
      <SlicePlots search={search} title={`${scoreWords(name)} against each setting`} picked={picked} show={(score) => showScore(name, score)} onPick={setPicked} />
      <Rounds search={search} name={name} picked={picked} onPick={setPicked} />
      <p className={css.quiet}>
        {formatExact(search.rounds.length)} rounds in {formatSeconds(search.seconds)}: {search.num_pruned} ended early, {search.num_infeasible} refused, {search.num_failed}{" "}
        failed. {formatExact(search.base_images)} images went through the base; {formatExact(search.cache_hits)} features were found in the cache. {search.notes.join(" ")}
      </p>
    </>
  );
}

function Final({ search, name }: { search: Search; name: string }) {
  const final = search.final;
  if (!final) return null;
  if (final.status === "running") return <Notice tone="info">The chosen settings and the flow as it stood are being trained; see the runs.</Notice>;
  if (final.status === "failed" || !final.best_score || !final.default_score) return <Notice tone="warning">{final.message ?? "They were not tested."}</Notice>;
  return (
    <Notice tone="info">
      On the test images: {intervalWords(name, final.best_score)} with the settings to take, {intervalWords(name, final.default_score)} as it stood
      {final.gain ? `; gain ${(100 * final.gain.value).toFixed(1)} points (${(100 * final.gain.low).toFixed(1)} to ${(100 * final.gain.high).toFixed(1)}, paired)` : ""}.
    </Notice>
  );
}

type PickProps = { search: Search; name: string; picked: number | null; onPick: (round: number) => void };

function Front({ search, name, picked, onPick }: PickProps) {
  const points = useMemo(() => {
    const { rounds } = scored(search);
    return {
      rounds,
      x: Float32Array.from(rounds, (round) => Math.log10(Math.max(1, round.trainable_parameters ?? 1))),
      y: Float32Array.from(rounds, (round) => round.score?.value ?? Number.NaN),
      color: Uint8Array.from(rounds, (round) => Math.max(0, MARKS.indexOf(markOf(search, round)))),
      names: rounds.map((round) => `Round ${round.number + 1}`),
    };
  }, [search]);
  const ring = points.rounds.findIndex((round) => round.number === picked);
  return (
    <div className={css.scatter}>
      <Scatter
        label="Score and cost"
        x={points.x}
        y={points.y}
        color={points.color}
        palette={PALETTE}
        names={points.names}
        facts={[
          { title: "Time", of: (index) => formatSeconds(points.rounds[index]?.seconds) },
          { title: "Trained parameters", of: (index) => formatExact(points.rounds[index]?.trainable_parameters) },
        ]}
        axes={{ x: "Trained parameters, power of ten", y: `Validation ${scoreWords(name).toLowerCase()}` }}
        rings={ring < 0 ? [] : [ring]}
        onPick={(index) => {
          const round = points.rounds[index];
          if (round) onPick(round.number);
        }}
      />
    </div>
  );
}
