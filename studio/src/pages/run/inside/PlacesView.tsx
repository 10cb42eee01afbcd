import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";

import type { PlacePage, PlaceRow, RunRecord } from "../../../api/types";
import { Button } from "../../../kit/Button";
import { SelectField } from "../../../kit/Field";
import { Busy, Empty } from "../../../kit/small";
import { formatNumber, formatPercent } from "../../../model/format";
import { overlapWords, panelsOf, PLACES_PAGE, placesWords, type PlacesQuestion, rangeWords } from "../../../model/places";
import { pictureUrl } from "../../../model/views";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { askPlaces } from "../../../store/places";
import css from "./places.module.css";
import type { InsideProps } from "./views";

/** Masks and heat maps of a run, as a look of its own. */
export function PlacesView({ project, view }: InsideProps) {
  const kind = Object.values(view.record?.metrics ?? {})[0]?.kind;
  if (!view.record || (kind !== "mask" && kind !== "anomaly")) {
    return (
      <Empty title="This run says nothing of places">
        <p>Runs that predict masks, and runs that find odd images by the methods padim or patchcore, show here what they say of each place.</p>
      </Empty>
    );
  }
  return <PlacesGrid project={project} run={view.card.id} record={view.record} />;
}

/** Images with what the run said of their places, worst first. */
export function PlacesGrid({ project, run, record }: { project: string; run: string; record: RunRecord }) {
  const splits = (["test", "validation"] as const).filter((one) => record.metrics[one]);
  const isHeat = Object.values(record.metrics)[0]?.kind === "anomaly";
  const [question, setQuestion] = useState<PlacesQuestion>({ split: splits[0] ?? "test", order: "worst", offset: 0 });
  const [opacity, setOpacity] = useState(0.6);
  const page = useQuery({ ...askPlaces(project, run, question), placeholderData: keepPreviousData });
  const slider = useId();
  if (page.error) return <RefusalNotice error={page.error} onRetry={() => void page.refetch()} />;
  const set = (changes: Partial<PlacesQuestion>) => setQuestion((before) => ({ ...before, offset: 0, ...changes }));
  return (
    <div className={css.places}>
      <div className={css.controls}>
        <SelectField label="Split" value={question.split} onChange={(event) => set({ split: event.target.value as "test" })} options={splits.map((one) => [one, one === "test" ? "Test" : "Validation"])} />
        <SelectField
          label="Order"
          value={question.order}
          onChange={(event) => set({ order: event.target.value as "worst" })}
          options={[
            ["worst", isHeat ? "Oddest first" : "Least overlap first"],
            ["best", isHeat ? "Most normal first" : "Most overlap first"],
            ["key", "By name"],
          ]}
        />
        <div className={css.opacity}>
          <label htmlFor={slider}>Opacity {formatPercent(opacity, 0)}</label>
          <input id={slider} type="range" min={0} max={1} step={0.05} value={opacity} onChange={(event) => setOpacity(Number(event.target.value))} />
        </div>
        {page.data ? <Legend page={page.data} /> : null}
      </div>
      {page.data ? <Rows project={project} page={page.data} opacity={opacity} isOld={page.isPlaceholderData} /> : <Busy what="Drawing the images…" />}
      {page.data ? (
        <nav className={css.pages} aria-label="Pages of images">
          <Button whyNot={question.offset === 0 ? "These are the first ones." : null} onClick={() => set({ offset: Math.max(0, question.offset - PLACES_PAGE) })}>
            Previous
          </Button>
          <span aria-live="polite">{rangeWords(question.offset, page.data.rows.length, page.data.total)}</span>
          <Button whyNot={question.offset + PLACES_PAGE >= page.data.total ? "These are the last ones." : null} onClick={() => set({ offset: question.offset + PLACES_PAGE })}>
            Next
          </Button>
        </nav>
      ) : null}
    </div>
  );
}

type RowsProps = { project: string; page: PlacePage; opacity: number; isOld: boolean };

function Rows({ project, page, opacity, isOld }: RowsProps) {
  return (
    <ul className={css.rows} aria-label="Images" aria-busy={isOld}>
      {page.rows.map((row) => (
        <li key={row.key} className={css.row}>
          <div className={css.panels}>
            {panelsOf(page.kind, row).map(({ layer, words }) => (
              <Layered key={words} project={project} row={row} layer={layer} words={words} opacity={opacity} />
            ))}
          </div>
          {row.problem ? <p className={css.problem}>{row.problem}</p> : null}
          <p className={css.key} title={row.key}>
            {row.key}
          </p>
          <p className={css.words}>{placesWords(page, row)}</p>
          {row.classes.length ? <p className={css.quiet}>by class {overlapWords(row)}</p> : null}
        </li>
      ))}
    </ul>
  );
}

type LayeredProps = { project: string; row: PlaceRow; layer: string | null; words: string; opacity: number };

/** The image with one layer over it. */
function Layered({ project, row, layer, words, opacity }: LayeredProps) {
  const image = row.pictures.image;
  const over = layer === null ? undefined : row.pictures[layer];
  if (!image) return null;
  return (
    <figure className={css.panel}>
      <Stack project={project} image={image} over={over} alt={`${row.key}, ${words.toLowerCase()}`} opacity={opacity} layer={layer} />
      <figcaption>{words}</figcaption>
    </figure>
  );
}

type StackProps = { project: string; image: string; over: string | undefined; alt: string; opacity: number; layer: string | null };

/** A picture with another one over it, both of the same size. */
export function Stack({ project, image, over, alt, opacity, layer }: StackProps) {
  return (
    <div className={css.stack}>
      <img src={pictureUrl(project, image)} alt={alt} />
      {over ? <img src={pictureUrl(project, over)} alt="" style={{ opacity }} data-layer={layer} /> : null}
    </div>
  );
}

/** What the colors stand for. */
export function Legend({ page }: { page: Pick<PlacePage, "kind" | "scale" | "scale_colors" | "legend" | "threshold"> }) {
  return (
    <div className={css.legend} role="group" aria-label="Legend">
      {page.kind === "heat" && page.scale ? (
        <span className={css.scale}>
          <span>{formatNumber(page.scale[0] as number)}</span>
          <span className={css.bar} style={{ background: `linear-gradient(to right, ${page.scale_colors.join(", ")})` }} aria-hidden />
          <span>{formatNumber(page.scale[1] as number)}</span>
          {page.threshold === null ? null : <span>· odd from a score of {formatNumber(page.threshold)}</span>}
        </span>
      ) : null}
      {page.legend.map((entry) => (
        <span key={entry.name} className={css.entry}>
          <span className={css.swatch} style={entry.is_drawn ? { background: entry.color } : undefined} aria-hidden />
          {entry.name}
          {entry.is_drawn ? "" : " (not painted)"}
        </span>
      ))}
    </div>
  );
}
