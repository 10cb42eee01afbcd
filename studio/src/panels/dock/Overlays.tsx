import type { RunCard } from "../../api/types";
import { formatWhen } from "../../model/format";
import css from "./dock.module.css";

/** Curves that are drawn at once besides the run's own. */
const MOST = 6;

type Props = { runs: readonly RunCard[]; chosen: readonly string[]; onChoose: (runs: readonly string[]) => void };

/** Choose earlier runs whose curves are laid over this one's. */
export function Overlays({ runs, chosen, onChoose }: Props) {
  if (runs.length === 0) return null;
  return (
    <fieldset className={css.overlays}>
      <legend>Lay over</legend>
      {runs.slice(0, 30).map((run) => {
        const isOn = chosen.includes(run.id);
        const isFull = !isOn && chosen.length >= MOST;
        return (
          <label key={run.id} title={isFull ? `At most ${MOST} runs are laid over.` : run.id}>
            <input
              type="checkbox"
              checked={isOn}
              disabled={isFull}
              onChange={() => onChoose(isOn ? chosen.filter((id) => id !== run.id) : [...chosen, run.id])}
            />
            {run.strategy ?? run.name} · {formatWhen(run.created)}
          </label>
        );
      })}
    </fieldset>
  );
}
