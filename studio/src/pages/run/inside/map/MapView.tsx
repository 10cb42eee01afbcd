import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import type { EmbeddingMap } from "../../../../api/types";
import { Scatter } from "../../../../charts/Scatter";
import { Busy } from "../../../../kit/small";
import { type Coloring, type Weights, axesOf, colorings, isOwn, legendOf, placesByKey, rowAt, shownPoints, sideOf, windowOfSides } from "../../../../model/embedding";
import { formatPercent } from "../../../../model/format";
import { RefusalNotice } from "../../../../panels/RefusalNotice";
import { type MapChoice, askMap } from "../../../../store/embedding";
import { askRun } from "../../../../store/predictions";
import type { InsideProps } from "../views";
import css from "./map.module.css";
import { MapHover, type Hovered } from "./MapHover";
import { MapLegend } from "./MapLegend";
import { MapPanel } from "./MapPanel";
import { MapTools } from "./MapTools";

/** All images of a run as points: near each other where the network sees them alike, before and after training. */
export default function MapView({ project, view }: InsideProps) {
  const [choice, setChoice] = useState<MapChoice>({ method: "pca", at: "base", beside: null });
  const found = useQuery(askMap.map(project, view.card.id, choice));
  const [by, setBy] = useState<Coloring>("label");
  const [weights, setWeights] = useState<Weights>("trained");
  const map = found.data;
  return (
    <div className={css.view}>
      <MapTools view={view} map={map} choice={choice} onChoice={setChoice} by={by} onBy={setBy} weights={weights} onWeights={setWeights} />
      {map ? (
        <Drawn key={found.dataUpdatedAt} project={project} view={view} map={map} choice={choice} by={by} weights={weights} />
      ) : found.error ? (
        <RefusalNotice error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <Busy what={choice.method === "umap" ? "UMAP lays out the images: seconds for hundreds, a minute for 20,000…" : "The network looks at the images; what it saw is kept for next time…"} />
      )}
    </div>
  );
}

type DrawnProps = InsideProps & { map: EmbeddingMap; choice: MapChoice; by: Coloring; weights: Weights };

function Drawn({ project, view, map, choice, by: wanted, weights }: DrawnProps) {
  const settings = useQuery(askRun.images(project, view.card.id));
  const by = colorings(map).some(([name]) => name === wanted) ? wanted : (colorings(map)[0]?.[0] ?? "split");
  const [off, setOff] = useState<{ by: Coloring; hidden: ReadonlySet<number> }>({ by, hidden: new Set() });
  const [selected, setSelected] = useState<readonly number[]>([]);
  const [picked, setPicked] = useState<number | null>(null);
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const hidden = off.by === by ? off.hidden : NONE;
  const side = sideOf(map, weights);
  const legend = useMemo(() => legendOf(map, by), [map, by]);
  const inks = useMemo(() => legend.entries.map((entry) => entry.ink), [legend]);
  const points = useMemo(() => (side ? shownPoints(side, legend.codes, hidden) : EMPTY), [side, legend, hidden]);
  const extent = useMemo(() => windowOfSides(map), [map]);
  const places = useMemo(() => placesByKey(map), [map]);
  const facts = useMemo(() => factsOf(map), [map]);
  const onHover = useCallback((index: number | null, at?: { x: number; y: number }) => setHovered(index === null || !at ? null : { index, ...at }), []);
  const pickedKey = picked !== null && isOwn(map, picked) ? (map.points.keys[picked] ?? null) : null;
  const near = useQuery({
    ...askMap.neighbors(project, view.card.id, pickedKey ?? "", side?.weights ?? "trained", choice.at),
    enabled: pickedKey !== null,
  });
  const rings = useMemo(
    () => (picked === null ? [] : [picked, ...(pickedKey === null ? [] : (near.data?.neighbors ?? [])).flatMap(({ key }) => places.get(key) ?? [])]),
    [picked, pickedKey, near.data, places],
  );
  const select = (indices: readonly number[]) => {
    setSelected(indices);
    setPicked(null);
  };
  const everyShown = () => select([...points.x.keys()].filter((index) => Number.isFinite(points.x[index])));
  return (
    <>
      <MapLegend entries={legend.entries} hidden={hidden} onHidden={(next) => setOff({ by, hidden: next })} onChooseShown={everyShown} />
      <div className={css.body}>
        <div className={css.plot}>
          <Scatter
            label={weights === "pretrained" ? "Images before training" : "Images after training"}
            x={points.x}
            y={points.y}
            color={legend.codes}
            palette={inks}
            extent={extent}
            names={map.points.keys}
            facts={facts}
            axes={axesOf(map, weights)}
            onHover={onHover}
            onSelect={select}
            selected={selected}
            onPick={setPicked}
            rings={rings}
          />
        </div>
        <MapPanel
          project={project}
          view={view}
          map={map}
          weights={side?.weights ?? weights}
          settings={settings.data}
          selected={selected}
          picked={picked}
          near={pickedKey === null ? null : near}
          onSelect={select}
          onPick={setPicked}
        />
      </div>
      {hovered ? <MapHover project={project} settings={settings.data} map={map} hovered={hovered} /> : null}
    </>
  );
}

const NONE: ReadonlySet<number> = new Set();
const EMPTY = { x: new Float32Array(), y: new Float32Array() };

/** What the table says of each image beside where it lies. */
function factsOf(map: EmbeddingMap) {
  const row = (index: number) => rowAt(map, index);
  return [
    { title: "Source", of: (index: number) => map.domains[map.points.domain[index] ?? 0]?.name ?? "" },
    { title: "Split", of: (index: number) => row(index).split || "none" },
    { title: "Label", of: (index: number) => row(index).label ?? "none" },
    { title: "Predicted", of: (index: number) => row(index).predicted ?? "none" },
    {
      title: "Confidence",
      of: (index: number) => {
        const sure = map.points.confidence[index];
        return sure === null || sure === undefined ? "none" : sure <= 1 ? formatPercent(sure) : sure.toPrecision(4);
      },
    },
  ];
}
