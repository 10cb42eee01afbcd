import { ChevronLeft, ChevronRight } from "lucide-react";

import type { PredictionRow } from "../../api/types";
import { Bars } from "../../charts/Bars";
import { IconButton } from "../../kit/Button";
import { Modal } from "../../kit/Modal";
import { formatNumber, formatPercent } from "../../model/format";
import { thumbnailUrl } from "../../model/thumbnails";
import { truth, verdict } from "./PredictionTile";
import { WhyBox } from "../look/WhyBox";
import css from "./results.module.css";

type Props = {
  project: string;
  run: string;
  settings: Record<string, unknown> | undefined;
  row: PredictionRow;
  place: string;
  onStep: (by: number) => void;
  onClose: () => void;
};

/** One image, large, with all that the run said of it. */
export function PredictionDetail({ project, run, settings, row, place, onStep, onClose }: Props) {
  const { said, isRight } = verdict(row);
  const shares = Object.entries(row.probabilities);
  return (
    <Modal title={row.key} description={`${place} · ${row.split} image`} isOpen onClose={onClose} isWide>
      <div
        className={css.detail}
        onKeyDown={(event) => {
          if ((event.target as HTMLElement).closest("input, select")) return;
          if (event.key === "ArrowLeft") onStep(-1);
          if (event.key === "ArrowRight") onStep(1);
        }}
      >
        <div className={css.detailPicture}>
          {settings ? <img src={thumbnailUrl(project, settings, row, 512)} alt={`${row.key}, label ${truth(row)}, predicted ${said}`} /> : null}
          <div className={css.tools}>
            <IconButton label="Image before" keys="←" onClick={() => onStep(-1)}>
              <ChevronLeft size={16} />
            </IconButton>
            <IconButton label="Next image" keys="→" onClick={() => onStep(1)}>
              <ChevronRight size={16} />
            </IconButton>
          </div>
        </div>
        <div>
          <dl className={css.facts}>
            <dt>Label</dt>
            <dd>{truth(row) || "none"}</dd>
            <dt>Predicted</dt>
            <dd>
              {said} {isRight === null ? "" : isRight ? "(right)" : "(wrong)"}
            </dd>
            {row.label_probability !== null ? (
              <>
                <dt>Probability of the label</dt>
                <dd>{formatPercent(row.label_probability)}</dd>
              </>
            ) : null}
            {row.loss !== null ? (
              <>
                <dt>Loss</dt>
                <dd>{formatNumber(row.loss)}</dd>
              </>
            ) : null}
          </dl>
          {shares.length ? (
            <Bars
              title="Probabilities"
              most={1}
              bars={shares.map(([name, value]) => ({
                key: name,
                label: name,
                value,
                text: formatPercent(value),
                color: name === row.label ? "--accent" : name === row.predicted ? "--error" : "--control",
              }))}
            />
          ) : null}
        </div>
        <WhyBox project={project} run={run} image={{ image: row.key, picture: null }} />
      </div>
    </Modal>
  );
}
