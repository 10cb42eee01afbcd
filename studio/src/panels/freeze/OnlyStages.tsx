import type { BaseCard } from "../../api/types";
import { Button } from "../../kit/Button";
import type { Freezing } from "../../model/boundary";
import { setSettings } from "../../model/edits";
import { namedStages, toggleOnly } from "../../model/only_stages";
import { edit } from "../../store/doc";
import css from "./freeze.module.css";

/** Surgical choice: retrain the stages that are ticked, and nothing before or after them. */
export function OnlyStages({ id, card, freezing }: { id: string; card: BaseCard; freezing: Freezing }) {
  const patterns = freezing.onlyStages ?? [];
  const chosen = new Set(namedStages(card, patterns));
  const stages = card.stages.filter((stage) => stage.num_parameters > 0);
  return (
    <details open={patterns.length > 0 || undefined}>
      <summary>Only some stages (surgical)</summary>
      <fieldset className={css.only}>
        <legend>Retrain these stages alone, instead of all after a cut.</legend>
        {stages.map((stage) => (
          <label key={stage.name}>
            <input
              type="checkbox"
              checked={chosen.has(stage.name)}
              onChange={(event) => {
                const { checked } = event.target;
                const words = checked ? `Retrain ${stage.name} of ${id} alone` : `Leave ${stage.name} out of what ${id} retrains`;
                edit(words, (flow) => setSettings(flow, id, toggleOnly(card, freezing, stage.name, checked)));
              }}
            />
            {stage.name}
          </label>
        ))}
      </fieldset>
      <Button
        whyNot={patterns.length ? null : "No stage is ticked: the boundary decides."}
        onClick={() => edit(`Let the boundary decide in ${id}`, (flow) => setSettings(flow, id, { only_stages: undefined }))}
      >
        Back to a boundary
      </Button>
    </details>
  );
}
