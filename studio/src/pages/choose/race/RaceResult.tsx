import { Check } from "lucide-react";
import { useState } from "react";

import type { Interval, Race } from "../../../api/types";
import { RaceChart } from "../../../charts/RaceChart";
import { Button } from "../../../kit/Button";
import { Badge, Notice } from "../../../kit/small";
import { formatPercent } from "../../../model/format";
import { COSTS, type CostKind, laneName, type Strategy } from "../../../model/race";
import { useRoute } from "../../../store/route";
import { keepLane } from "../../../store/races";
import css from "./race.module.css";

const KINDS = Object.keys(COSTS) as CostKind[];

/** What came out: cost against score, the winner, whether the advice was right, and a lane to keep. */
export function RaceResult({ project, race }: { project: string; race: Race }) {
  const [kind, setKind] = useState<CostKind>("passes");
  const show = (score: number) => (race.score_name === "r2" ? score.toFixed(3) : formatPercent(score));
  const showInterval = (score: Interval) => `${show(score.value)} (${show(score.low)} to ${show(score.high)})`;
  return (
    <section className={css.result} aria-label="What came out">
      <h2>
        {race.winner ? laneName(race.winner) : "No winner"} {race.winner ? <Badge tone="ok">cheapest within one standard error of the best</Badge> : null}
      </h2>
      <p>{race.answer}</p>
      <Advice race={race} />
      <label className={css.field}>
        Cost
        <select value={kind} onChange={(event) => setKind(event.target.value as CostKind)}>
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {COSTS[one]}
            </option>
          ))}
        </select>
      </label>
      <RaceChart race={race} kind={kind} title={`Cost against ${race.score_name.replaceAll("_", " ")} on the ${race.split} images`} show={show} showInterval={showInterval} />
      <Keep project={project} race={race} />
      {race.notes.map((note) => (
        <Notice key={note} tone="info">
          {note}
        </Notice>
      ))}
    </section>
  );
}

function Advice({ race }: { race: Race }) {
  const { advice } = race;
  if (!advice) return null;
  const { regret } = advice;
  const points = (value: number) => value.toFixed(1);
  const words = !advice.was_raced
    ? "It was not among the lanes."
    : advice.is_best
      ? "It was the best lane on the test images."
      : regret
        ? `It lies ${points(regret.value)} points (${points(regret.low)} to ${points(regret.high)}) below ${laneName(advice.best).toLowerCase()}.`
        : `${laneName(advice.best)} was better.`;
  return (
    <p>
      <strong>The advice</strong> was {laneName(advice.strategy).toLowerCase()}. {words}
      {advice.stopped_at === null ? "" : ` It was cut off at epoch ${advice.stopped_at}, so this says little of it: race without cutting lanes to know.`}
    </p>
  );
}

function Keep({ project, race }: { project: string; race: Race }) {
  const go = useRoute((state) => state.go);
  const scored = race.lanes.filter((lane) => lane.runs.length > 0);
  const [lane, setLane] = useState<Strategy | "">(race.winner ?? scored[0]?.strategy ?? "");
  const [isBusy, setBusy] = useState(false);
  const keep = async () => {
    if (!lane) return;
    setBusy(true);
    const run = await keepLane(project, race.id, lane);
    setBusy(false);
    if (run) go({ page: "run", project, run, tab: "overview" });
  };
  return (
    <div className={css.line}>
      <label className={css.field}>
        Lane
        <select value={lane} onChange={(event) => setLane(event.target.value as Strategy)}>
          {scored.map(({ strategy }) => (
            <option key={strategy} value={strategy}>
              {laneName(strategy)}
            </option>
          ))}
        </select>
      </label>
      <Button whyNot={!lane ? "No lane has a scored run." : isBusy ? "It is being copied." : null} onClick={() => void keep()}>
        <Check size={13} aria-hidden /> Keep as a run
      </Button>
    </div>
  );
}
