import type { UseQueryResult } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import type { EmbeddingMap, NeighborList, RunView } from "../../../../api/types";
import { isOwn, rowAt, type Weights } from "../../../../model/embedding";
import { formatExact } from "../../../../model/format";
import { CorrectionBar } from "../../../../panels/dock/CorrectionBar";
import { TileGrid } from "../../../../panels/dock/TileGrid";
import css from "./map.module.css";
import { MapImage } from "./MapImage";
import { MapMeasures } from "./MapMeasures";

type Props = {
  project: string;
  view: RunView;
  map: EmbeddingMap;
  weights: Weights;
  settings: Record<string, unknown> | undefined;
  selected: readonly number[];
  picked: number | null;
  near: UseQueryResult<NeighborList> | null;
  onSelect: (indices: readonly number[]) => void;
  onPick: (index: number | null) => void;
};

/** Beside the map: what it keeps of the features, the chosen images, or one image with its neighbors. */
export function MapPanel(props: Props) {
  const { project, view, map, selected, picked, settings, weights, onPick, onSelect } = props;
  const classes = view.record?.data?.label_kind === "category" ? view.record.data.classes : NO_CLASSES;
  return (
    <section className={css.panel} aria-label="Chosen images">
      {picked !== null ? (
        <MapImage {...props} classes={classes} index={picked} onBack={() => onPick(null)} />
      ) : selected.length ? (
        <Chosen project={project} view={view} map={map} classes={classes} selected={selected} settings={settings} onSelect={onSelect} onPick={onPick} />
      ) : (
        <MapMeasures map={map} weights={weights} />
      )}
    </section>
  );
}

const NO_CLASSES: readonly string[] = [];
type ChosenProps = Pick<Props, "project" | "view" | "map" | "selected" | "settings" | "onSelect" | "onPick"> & { classes: readonly string[] };

/** The images in the loop: those of the run can be corrected, those beside it are only shown. */
function Chosen({ project, view, map, classes, selected, settings, onSelect, onPick }: ChosenProps) {
  const own = useMemo(() => selected.filter((index) => isOwn(map, index)), [map, selected]);
  const others = useMemo(() => selected.filter((index) => !isOwn(map, index)), [map, selected]);
  const rows = useMemo(() => own.map((index) => rowAt(map, index)), [map, own]);
  const otherRows = useMemo(() => others.map((index) => rowAt(map, index)), [map, others]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const picked = rows.filter((row) => chosen.has(row.key));
  const beside = map.domains[1];
  return (
    <>
      <h3>
        {formatExact(selected.length)} {selected.length === 1 ? "image" : "images"}{" "}
        <button type="button" className={css.link} onClick={() => onSelect([])}>
          choose none
        </button>
      </h3>
      {rows.length ? (
        <>
          <CorrectionBar project={project} card={view.card} classes={classes} rows={picked} all={rows} total={rows.length} onChoose={(keys) => setChosen(new Set(keys))} />
          <TileGrid project={project} settings={settings} rows={rows} total={rows.length} chosen={chosen} onChoose={setChosen} onOpen={(at) => onPick(own[at] ?? null)} />
        </>
      ) : null}
      {otherRows.length && beside ? (
        <>
          <h3>
            {formatExact(otherRows.length)} of {beside.name}
          </h3>
          <TileGrid project={project} settings={{ source: beside.source }} rows={otherRows} total={otherRows.length} onOpen={(at) => onPick(others[at] ?? null)} />
        </>
      ) : null}
    </>
  );
}
