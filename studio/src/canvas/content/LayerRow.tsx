import { Asterisk } from "lucide-react";
import { memo } from "react";

import type { LayerState } from "../../model/boundary";
import { formatCount, formatShape } from "../../model/format";
import css from "./base.module.css";
import { HeldIcon } from "./HeldIcon";

type Props = {
  state: LayerState;
  prefix: string;
  isCompact: boolean;
  onToggle: (layer: string, frozen: boolean) => void;
};

/** One layer of an opened stage: shape, parameters, and whether it is an exception. */
export const LayerRow = memo(function LayerRow({ state, prefix, isCompact, onToggle }: Props) {
  const { layer, isFrozen, isException } = state;
  const hasNothing = layer.num_parameters === 0;
  const held = hasNothing ? "empty" : isFrozen ? "frozen" : "trainable";
  const short = layer.name.startsWith(`${prefix}.`) ? layer.name.slice(prefix.length + 1) : layer.name;
  const what = hasNothing
    ? `${layer.name} has nothing to train`
    : `${isFrozen ? "Unfreeze" : "Freeze"} ${layer.name}, whatever its stage`;
  return (
    <div className={css.layer} data-held={held}>
      <button
        type="button"
        className={css.hold}
        tabIndex={isCompact ? -1 : 0}
        aria-label={what}
        title={what}
        aria-disabled={hasNothing || undefined}
        onClick={() => (hasNothing ? undefined : onToggle(layer.name, !isFrozen))}
      >
        <HeldIcon held={held} size={11} />
      </button>
      <span className={css.layerName} title={`${layer.name}: ${layer.kind}`}>
        {short}
      </span>
      {isException ? (
        <span className={css.exception} title="An exception from its stage or the boundary">
          <Asterisk size={11} aria-hidden />
          <span className="sr-only">exception</span>
        </span>
      ) : null}
      <span className={css.shape}>{layer.output_shape ? formatShape(layer.output_shape).replaceAll(" ", "") : ""}</span>
      <span className={css.count}>{hasNothing ? "" : formatCount(layer.num_parameters)}</span>
    </div>
  );
});
