import { useQuery } from "@tanstack/react-query";
import { Ban, Play, Tag, Undo2 } from "lucide-react";

import type { Flow, PredictionRow, RunCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { Menu } from "../../kit/Menu";
import { Notice } from "../../kit/small";
import { excludeImages, images, imagesNode, relabelImages } from "../../model/data_edits";
import { formatExact } from "../../model/format";
import { correct, flowNameOf, forgetCorrection, runAgain, undoCorrection, useCorrections } from "../../store/corrections";
import { useRoute } from "../../store/route";
import { ask } from "../../store/session";
import css from "./results.module.css";

type Props = {
  project: string;
  card: RunCard;
  classes: readonly string[];
  /** Chosen rows. */
  rows: readonly PredictionRow[];
  all: readonly PredictionRow[];
  total: number;
  onChoose: (keys: readonly string[]) => void;
  /** About one image that is chosen anyway. */
  isOne?: boolean;
};

/** Give chosen images another label, or leave them out: in the flow that the run came from. */
export function CorrectionBar({ project, card, classes, rows, all, total, onChoose, isOne = false }: Props) {
  const hub = useQuery(ask.hub(project));
  const flow = flowNameOf(card, hub.data?.flows.map((one) => one.name) ?? []);
  const whyNot = !rows.length
    ? "Choose images first."
    : !hub.data
      ? "The project's flows are being read."
      : flow === null
        ? `The project has no flow '${card.name}'. Open the run's flow first, on its overview.`
        : null;
  const act = async (label: string, change: (whole: Flow, node: string) => Flow) => {
    if (whyNot || flow === null) return;
    const keys = rows.length;
    const isDone = await correct(project, flow, label, (whole) => {
      const node = imagesNode(whole);
      return node ? change(whole, node.id) : whole;
    });
    if (isDone && keys) onChoose([]);
  };
  const relabel = (name: string) =>
    void act(`Relabel ${images(rows.length)} to ${name}`, (whole, node) =>
      relabelImages(whole, node, rows.map((row) => ({ key: row.key, label: row.label === null ? [] : [row.label], found_label: null })), name),
    );
  const exclude = () => void act(`Exclude ${images(rows.length)}`, (whole, node) => excludeImages(whole, node, rows.map((row) => row.key)));
  return (
    <>
      <div className={css.tools}>
        {isOne ? null : (
          <>
            <span className={css.quiet} role="status">
              {rows.length ? `${formatExact(rows.length)} chosen` : `${formatExact(total)} images`}
            </span>
            <Button look="ghost" onClick={() => onChoose(rows.length === all.length ? [] : all.map((row) => row.key))}>
              {rows.length === all.length ? "Choose none" : "Choose all shown"}
            </Button>
          </>
        )}
        <Menu items={(whyNot ? [] : classes).map((name) => ({ label: name, onSelect: () => relabel(name) }))}>
          <Button whyNot={whyNot ?? (classes.length ? null : "Only images with one class each are relabeled here.")}>
            <Tag size={13} aria-hidden /> Relabel to…
          </Button>
        </Menu>
        <Button whyNot={whyNot} onClick={exclude}>
          <Ban size={13} aria-hidden /> Exclude
        </Button>
      </div>
      <LastCorrection project={project} />
    </>
  );
}

function LastCorrection({ project }: { project: string }) {
  const last = useCorrections((state) => state.last);
  const go = useRoute((state) => state.go);
  if (!last || last.project !== project || last.isUndone) return null;
  const again = async () => {
    const run = await runAgain(last);
    forgetCorrection();
    if (run) go({ page: "run", project, run: run.id, tab: "curves" });
  };
  return (
    <Notice
      tone="ok"
      actions={
        <span className={css.tools}>
          <Button onClick={undoCorrection}>
            <Undo2 size={13} aria-hidden /> Undo
          </Button>
          <Button look="primary" onClick={() => void again()}>
            <Play size={13} aria-hidden /> Run again
          </Button>
        </span>
      }
    >
      {last.label}, in the flow '{last.flow}'. This run stays as it is.
    </Notice>
  );
}
