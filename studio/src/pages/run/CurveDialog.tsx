import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { CurveChoices } from "../../api/types";
import { Button } from "../../kit/Button";
import { SelectField, TextField } from "../../kit/Field";
import { Modal } from "../../kit/Modal";
import { Busy } from "../../kit/small";
import { formatPlural, formatSeconds } from "../../model/format";
import { readShares, showShares } from "../../model/learning_curve";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { askTransfer, measureCurve } from "../../store/transfer";
import css from "./run.module.css";

type Props = { project: string; run: string; strategy: CurveChoices["strategy"]; before: CurveChoices | null; isOpen: boolean; onClose: () => void };

const USUAL: CurveChoices = { shares: [0.05, 0.1, 0.25, 0.5, 1], seeds: 2, strategy: "head_only", scratch: true, scratch_epochs: null };

/** What of the learning curve is measured, and what that takes. */
export function CurveDialog({ project, run, strategy, before, isOpen, onClose }: Props) {
  const start = before ?? USUAL;
  const [shares, setShares] = useState(showShares(start.shares));
  const [seeds, setSeeds] = useState(String(start.seeds));
  const [epochs, setEpochs] = useState(start.scratch_epochs === null ? "" : String(start.scratch_epochs));
  const [how, setHow] = useState(start.strategy);
  const [isStarting, setStarting] = useState(false);
  const found = readShares(shares);
  const areSeeds = /^\d+$/.test(seeds) && Number(seeds) >= 1 && Number(seeds) <= 20;
  const areEpochs = epochs.trim() === "" || (/^\d+$/.test(epochs.trim()) && Number(epochs) >= 1);
  const choices: CurveChoices | null =
    found && areSeeds && areEpochs
      ? { shares: found, seeds: Number(seeds), strategy: how, scratch: true, scratch_epochs: epochs.trim() === "" ? null : Number(epochs) }
      : null;
  const cost = useQuery({ ...askTransfer.estimate(project, run, choices), enabled: isOpen && choices !== null });
  const strategies = [...new Set<CurveChoices["strategy"]>(["head_only", how, strategy])].filter((one) => one !== "from_scratch");
  const begin = async () => {
    if (!choices) return;
    setStarting(true);
    if (await measureCurve(project, run, choices)) onClose();
    setStarting(false);
  };
  return (
    <Modal
      title="Measure the learning curve"
      description="Each point is a run on a share of the same training images, scored on the same test images."
      isOpen={isOpen}
      onClose={onClose}
    >
      <div className={css.fields}>
        <TextField
          label="Shares of the training labels, in %"
          value={shares}
          onChange={(event) => setShares(event.target.value)}
          error={found ? null : "Numbers above 0 and up to 100 are wanted, such as 5, 10, 25."}
        />
        <TextField
          label="Seeds"
          inputMode="numeric"
          value={seeds}
          onChange={(event) => setSeeds(event.target.value)}
          help="Runs of each point; each draws its own share."
          error={areSeeds ? null : "1 to 20 are wanted."}
        />
        <SelectField
          label="Transfer"
          value={how}
          onChange={(event) => setHow(event.target.value as CurveChoices["strategy"])}
          options={strategies.map((one) => [one, one.replaceAll("_", " ") + (one === strategy ? " (as this run)" : "")] as const)}
        />
        <TextField
          label="Epochs from scratch"
          inputMode="numeric"
          value={epochs}
          placeholder="as many as this run"
          onChange={(event) => setEpochs(event.target.value)}
          error={areEpochs ? null : "A whole number is wanted, or nothing."}
        />
        {cost.error ? (
          <RefusalNotice error={cost.error} onRetry={() => void cost.refetch()} />
        ) : cost.data ? (
          <p role="status">
            {cost.data.num_runs === 0
              ? "All of it was measured before."
              : `${formatPlural(cost.data.num_runs, "run")}, about ${formatSeconds(cost.data.seconds)} on this machine. What was measured before counts.`}
          </p>
        ) : choices ? (
          <Busy what="Estimating the time…" />
        ) : null}
        <div className={css.actions}>
          <Button look="primary" onClick={() => void begin()} whyNot={choices === null ? "Correct the fields first." : isStarting ? "It starts." : null}>
            Measure
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </div>
    </Modal>
  );
}
