import { ArrowDownWideNarrow, ChevronLeft, ChevronRight, Grid3x3, ListOrdered } from "lucide-react";

import type { View } from "../../api/types";
import { Button, IconButton } from "../../kit/Button";
import css from "./content.module.css";

type Maps = Extract<View, { view: "maps" }>;
export type ChannelChoice = { /** Position among the channels that came; none: the sheet. */ at: number | null; order: "index" | "activity"; only: number | null };
export const SHEET: ChannelChoice = { at: null, order: "activity", only: null };

type Props = { view: Maps; choice: ChannelChoice; onChoose: (choice: ChannelChoice) => void };

/** Go through the channels of a feature map: one after the other, by number, or all on a sheet. */
export function ChannelFlipper({ view, choice, onChoose }: Props) {
  const { at, order, only } = choice;
  const count = view.channels.length;
  const here = only ?? (at === null ? null : (view.channels[at]?.index ?? null));
  const flip = (by: 1 | -1) => {
    if (only !== null) onChoose({ ...choice, only: (only + by + view.num_channels) % view.num_channels });
    else onChoose({ ...choice, at: at === null ? (by === 1 ? 0 : count - 1) : (at + by + count) % count });
  };
  return (
    <div className={css.flipper} role="group" aria-label="Channels">
      <IconButton label="Previous channel" onClick={() => flip(-1)}>
        <ChevronLeft size={15} />
      </IconButton>
      <label className={css.text2}>
        Channel{" "}
        <input
          type="number"
          min={0}
          max={view.num_channels - 1}
          value={here ?? ""}
          placeholder="all"
          aria-label={`Channel, 0 to ${view.num_channels - 1}`}
          onChange={(event) => {
            const number = event.target.valueAsNumber;
            if (Number.isNaN(number)) onChoose({ ...choice, at: null, only: null });
            else if (number >= 0 && number < view.num_channels) onChoose({ ...choice, at: 0, only: Math.floor(number) });
          }}
        />{" "}
        of {view.num_channels}
      </label>
      <IconButton label="Next channel" onClick={() => flip(1)}>
        <ChevronRight size={15} />
      </IconButton>
      <Button aria-pressed={here === null} onClick={() => onChoose({ ...choice, at: null, only: null })} whyNot={here === null ? "The sheet is shown." : null}>
        <Grid3x3 size={13} aria-hidden /> Sheet
      </Button>
      <Button
        tip="Which channels come first: those that vary most, or by their number."
        onClick={() => onChoose({ ...choice, at: at === null ? null : 0, only: null, order: order === "activity" ? "index" : "activity" })}
      >
        {order === "activity" ? <ArrowDownWideNarrow size={13} aria-hidden /> : <ListOrdered size={13} aria-hidden />}
        {order === "activity" ? "Most active first" : "By number"}
      </Button>
    </div>
  );
}
