import { ChevronDown, ChevronRight, RotateCcw, Star } from "lucide-react";
import { memo } from "react";

import type { StageState } from "../../model/boundary";
import type { Beside } from "../../model/depth";
import { formatCount, formatPlural, formatShape } from "../../model/format";
import css from "./base.module.css";
import { HELD_WORDS, HeldIcon } from "./HeldIcon";
import { LayerRow } from "./LayerRow";

type Props = {
  state: StageState;
  isOpen: boolean;
  isCompact: boolean;
  /** What a look inside says of the stage. */
  beside?: Beside | undefined;
  onOpen: (stage: string) => void;
  onToggle: (stage: string, layer: string | null, frozen: boolean) => void;
  onReset: (stage: string) => void;
};

/** One stage of a base; it opens into its layers. */
export const StageRow = memo(function StageRow({ state, isOpen, isCompact, beside, onOpen, onToggle, onReset }: Props) {
  const { stage, held, layers, hasExceptions } = state;
  const Chevron = isOpen ? ChevronDown : ChevronRight;
  const isEmpty = held === "empty";
  const isFrozen = held === "frozen";
  const what = isEmpty ? `${stage.name} has nothing to train` : `${isFrozen ? "Unfreeze" : "Freeze"} ${stage.name}, whatever the boundary`;
  // On the canvas the keyboard stops at the boundary alone; the inspector repeats all rows at full size.
  const tabIndex = isCompact ? -1 : 0;
  const about = `${stage.kind}; gives ${formatShape(stage.output_shape)}`;
  return (
    <div className={css.stage} data-held={held}>
      <div className={css.row}>
        <button
          type="button"
          className={css.open}
          tabIndex={tabIndex}
          aria-expanded={isOpen}
          aria-label={`${stage.name}, ${HELD_WORDS[held]}, ${formatPlural(layers.length, "layer")}, ${formatPlural(stage.num_parameters, "parameter")}`}
          onClick={() => onOpen(stage.name)}
        >
          <Chevron size={13} aria-hidden />
        </button>
        <button
          type="button"
          className={css.hold}
          tabIndex={tabIndex}
          aria-label={what}
          title={what}
          aria-disabled={isEmpty || undefined}
          onClick={() => (isEmpty ? undefined : onToggle(stage.name, null, !isFrozen))}
        >
          <HeldIcon held={held} />
        </button>
        <span className={css.name} title={about} onDoubleClick={() => onOpen(stage.name)}>
          {stage.name}
        </span>
        {isCompact ? null : <span className={css.kind} title={about}>{stage.kind}</span>}
        {hasExceptions ? (
          <button type="button" className={css.reset} tabIndex={tabIndex} aria-label={`Reset the exceptions in ${stage.name}`} title={`Reset the exceptions in ${stage.name}`} onClick={() => onReset(stage.name)}>
            <RotateCcw size={11} aria-hidden />
          </button>
        ) : null}
        {beside ? (
          <span className={css.beside} data-best={beside.isBest} title={beside.title}>
            {beside.isBest ? <Star size={11} aria-label="Best cut:" /> : null}
            {beside.text}
          </span>
        ) : (
          <span className={css.layers}>{formatPlural(layers.length, "layer")}</span>
        )}
        <span className={css.count}>{isEmpty ? "–" : formatCount(stage.num_parameters)}</span>
      </div>
      {isOpen ? (
        <div className={css.inside}>
          {layers.map((layer) => (
            <LayerRow key={layer.layer.name} state={layer} prefix={stage.name} isCompact={isCompact} onToggle={(name, frozen) => onToggle(stage.name, name, frozen)} />
          ))}
        </div>
      ) : null}
    </div>
  );
});
