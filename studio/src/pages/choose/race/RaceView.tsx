import { useQuery } from "@tanstack/react-query";
import { Flag, Play, Square } from "lucide-react";
import { useState } from "react";

import type { RaceState } from "../../../api/types";
import { Button } from "../../../kit/Button";
import { Busy, Empty, Notice, Progress } from "../../../kit/small";
import { isRacing, laneName, raceWords, rungWords, STRATEGIES, type Strategy } from "../../../model/race";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { useCheck } from "../../../store/checking";
import { useDoc } from "../../../store/doc";
import { askRaces, orderRace, startRace } from "../../../store/races";
import type { ViewProps } from "../../FlowViews";
import css from "./race.module.css";
import { RaceLanes } from "./RaceLanes";
import { RaceResult } from "./RaceResult";

/** All strategies side by side: started, watched as lanes, and held against each other. */
export default function RaceView({ project, flow: name }: ViewProps) {
  const list = useQuery(askRaces.list(project));
  const [chosen, setChosen] = useState<string | null>(null);
  const races = (list.data ?? []).filter((card) => card.name === name);
  const shown = chosen ?? races[0]?.id ?? null;
  return (
    <div className={css.view}>
      <p className={css.about}>
        Advice is a guess from measured numbers; a race is the answer. What is frozen is computed once for all lanes, and each lane is bit for bit the run that it
        would be alone.
      </p>
      <Start project={project} name={name} onStart={setChosen} />
      {list.error ? <RefusalNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {races.length > 1 ? (
        <label className={css.field}>
          Race
          <select value={shown ?? ""} onChange={(event) => setChosen(event.target.value)}>
            {races.map((card) => (
              <option key={card.id} value={card.id}>
                {card.id} {card.winner ? `– ${laneName(card.winner)}` : `– ${card.status}`}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {shown ? <Shown key={shown} project={project} race={shown} /> : null}
      {!shown && !list.isLoading ? (
        <Empty icon={<Flag size={24} aria-hidden />} title="No race of this flow yet">
          <p>It trains each lane on the flow’s images with its recipe. The advice is asked for first, and held against what came out.</p>
        </Empty>
      ) : null}
    </div>
  );
}

function Start({ project, name, onStart }: { project: string; name: string; onStart: (race: string) => void }) {
  const flow = useDoc((state) => state.flow);
  const errors = useCheck().problems.filter((problem) => problem.level === "error").length;
  const [lanes, setLanes] = useState<readonly Strategy[]>(STRATEGIES);
  const [seeds, setSeeds] = useState(1);
  const [budget, setBudget] = useState("");
  const [isHalved, setHalved] = useState(true);
  const [isBusy, setBusy] = useState(false);
  const minutes = Number(budget);
  const whyNot = errors
    ? "The flow has problems; without them it can be raced."
    : lanes.length === 0
      ? "Choose a lane."
      : budget.trim() && !(minutes > 0)
        ? "Write the budget as minutes, or leave it empty."
        : isBusy
          ? "It is being started."
          : null;
  const start = async () => {
    setBusy(true);
    const choices = { strategies: [...lanes], seeds, halving: isHalved, budget_minutes: budget.trim() ? minutes : null, advise: true };
    const race = await startRace(project, { ...flow, name }, choices);
    setBusy(false);
    if (race) onStart(race);
  };
  return (
    <fieldset className={css.start}>
      <legend>A new race</legend>
      <div className={css.checks}>
        {STRATEGIES.map((strategy) => (
          <label key={strategy}>
            <input
              type="checkbox"
              checked={lanes.includes(strategy)}
              onChange={(event) => setLanes(STRATEGIES.filter((one) => (one === strategy ? event.target.checked : lanes.includes(one))))}
            />
            {laneName(strategy)}
          </label>
        ))}
      </div>
      <div className={css.line}>
        <label className={css.field}>
          Seeds
          <input type="number" min={1} max={10} value={seeds} onChange={(event) => setSeeds(Math.max(1, Math.min(10, Number(event.target.value) || 1)))} />
        </label>
        <label className={css.field}>
          Budget in minutes
          <input inputMode="decimal" value={budget} placeholder="as long as it takes" onChange={(event) => setBudget(event.target.value)} />
        </label>
        <label className={css.check}>
          <input type="checkbox" checked={isHalved} onChange={(event) => setHalved(event.target.checked)} />
          Worse lanes end early
        </label>
        <Button look="primary" whyNot={whyNot} onClick={() => void start()}>
          <Flag size={14} aria-hidden /> Start the race
        </Button>
      </div>
    </fieldset>
  );
}

function Shown({ project, race }: { project: string; race: string }) {
  const found = useQuery(askRaces.state(project, race));
  if (found.error) return <RefusalNotice error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Busy what="Reading the race…" />;
  const state = found.data;
  return (
    <>
      <Steering project={project} state={state} />
      {state.lanes.length ? <RaceLanes state={state} /> : null}
      {rungWords(state) ? <p className={css.quiet}>{rungWords(state)}</p> : null}
      {state.race?.is_complete ? <RaceResult project={project} race={state.race} /> : null}
    </>
  );
}

function Steering({ project, state }: { project: string; state: RaceState }) {
  const isAtWork = isRacing(state);
  const canGoOn = !isAtWork && state.status !== "finished";
  return (
    <div className={css.line}>
      <div className={css.progress}>
        <p className={css.words}>{raceWords(state)}</p>
        {isAtWork ? <Progress share={state.share} label={raceWords(state)} /> : null}
      </div>
      {isAtWork ? (
        <Button onClick={() => void orderRace(project, state.id, "stop")}>
          <Square size={13} aria-hidden /> Stop
        </Button>
      ) : null}
      {canGoOn ? (
        <Button look="primary" onClick={() => void orderRace(project, state.id, "resume")}>
          <Play size={13} aria-hidden /> Go on
        </Button>
      ) : null}
      {state.advice ? (
        <Notice tone="info">
          Advised before the first step: {laneName(state.advice).toLowerCase()}. {state.advice_reason}
        </Notice>
      ) : null}
    </div>
  );
}
