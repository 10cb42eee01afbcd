import { useQuery } from "@tanstack/react-query";
import { Activity, X } from "lucide-react";
import { useState } from "react";

import { RateCurve } from "../charts/RateCurve";
import { Button } from "../kit/Button";
import { TextField } from "../kit/Field";
import { Modal } from "../kit/Modal";
import { Busy } from "../kit/small";
import { setRecipe } from "../model/edits";
import { editWords } from "../model/form";
import { formatExact, formatSeconds } from "../model/format";
import { rateWords } from "../model/rates";
import { edit, useDoc } from "../store/doc";
import { type RateQuestion, askRate } from "../store/rates";
import { queries } from "../store/session";
import css from "./rates.module.css";
import { RefusalNotice } from "./RefusalNotice";
import { useReturnFocus } from "./useReturnFocus";

type Props = { project: string; field: "learning_rate" | "probe_learning_rate"; onClose: () => void };

const readRate = (text: string): number | null => (text.trim() === "" ? null : Number(text));
const isWrong = (text: string): boolean => text.trim() !== "" && !(Number(text) > 0);

/** Find a learning rate by a short training whose rate rises; the weights are put back after. */
export function RateFinder({ project, field, onClose }: Props) {
  useReturnFocus();
  const flow = useDoc((state) => state.flow);
  const [range, setRange] = useState({ lowest: "", highest: "" });
  const [question, setQuestion] = useState<RateQuestion | null>(null);
  const asked = askRate(project, question);
  const { data, error, isFetching, refetch } = useQuery(asked);
  const phase = field === "learning_rate" ? "main" : "probe";
  const ask = () => {
    setQuestion({ flow, choices: { phase, lowest: readRate(range.lowest), highest: readRate(range.highest), updates: 100 } });
    if (error) void refetch();
  };
  const take = (rate: number) => {
    edit(editWords(field, "the recipe", rate), (now) => setRecipe(now, { [field]: rate }));
    onClose();
  };
  const wrong = isWrong(range.lowest) || isWrong(range.highest) ? "A rate is a number above zero, such as 1e-4." : null;
  return (
    <Modal
      isOpen
      isWide
      title={phase === "main" ? "Find a learning rate" : "Find a learning rate for the probe"}
      description={`A hundred updates from where the ${phase} phase begins, each at a higher rate than the one before. The weights are put back after; nothing of it stays.`}
      onClose={onClose}
    >
      <div className={css.line}>
        <TextField label="Lowest rate" placeholder="a thousandth of the planned one" value={range.lowest} error={isWrong(range.lowest) ? wrong : null} onChange={(event) => setRange({ ...range, lowest: event.target.value })} />
        <TextField label="Highest rate" placeholder="a thousand times the planned one" value={range.highest} error={isWrong(range.highest) ? wrong : null} onChange={(event) => setRange({ ...range, highest: event.target.value })} />
        <Button look={data ? "plain" : "primary"} whyNot={isFetching ? "It is being tested." : wrong} onClick={ask}>
          <Activity size={14} aria-hidden /> {data ? "Test again" : "Test the rates"}
        </Button>
      </div>
      {isFetching ? (
        <div className={css.line}>
          <Busy what="Training some updates at rising rates…" />
          <Button onClick={() => void queries.cancelQueries({ queryKey: asked.queryKey })}>
            <X size={13} aria-hidden /> Cancel
          </Button>
        </div>
      ) : null}
      {error && !isFetching ? <RefusalNotice error={error} onRetry={() => void refetch()} /> : null}
      {data && !isFetching ? (
        <>
          <RateCurve test={data} />
          <p>{data.words}</p>
          <p className={css.note}>
            {formatExact(data.points.length)} updates on {formatExact(data.num_images)} training images in {formatSeconds(data.seconds)}.
            {data.diverged ? " It ended early, as the loss had grown beyond return." : ""}
          </p>
          <div className={css.line}>
            {data.suggested === null ? null : (
              <Button look="primary" onClick={() => take(data.suggested ?? data.planned)}>
                Take {rateWords(data.suggested)}
              </Button>
            )}
            <Button onClick={onClose}>Keep the rate as it is</Button>
          </div>
        </>
      ) : null}
    </Modal>
  );
}
