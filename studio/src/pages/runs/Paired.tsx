import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { PairedComparison, RunCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { Busy, Notice } from "../../kit/small";
import { verdictOf } from "../../model/evaluation";
import { formatExact, formatPlural } from "../../model/format";
import { intervalWords } from "../../model/scores";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { type Cell, type Split, FIRST_IMAGES, askEvaluation } from "../../store/evaluation";
import { askRun } from "../../store/predictions";
import { PairedTile } from "./PairedTile";
import css from "./runs.module.css";

type Props = { project: string; runs: readonly RunCard[]; names: readonly string[] };

/** Two of the runs image by image, with McNemar's test, and the images behind each cell. */
export function Paired({ project, runs, names }: Props) {
  const [pair, setPair] = useState<readonly [number, number]>([0, 1]);
  const [split, setSplit] = useState<Split>("test");
  const [a, b] = [runs[pair[0]] ?? runs[0], runs[pair[1]] ?? runs[1]];
  const pick = (at: 0 | 1, value: number) => {
    const other = pair[1 - at] ?? 0;
    const next = other === value ? (pair[at] ?? 0) : other; // choosing the other one turns the two around
    setPair(at === 0 ? [value, next] : [next, value]);
  };
  const choice = (at: 0 | 1, words: string) => (
    <label className={css.choice}>
      {words}
      <select className={css.select} aria-label={`Run ${words}`} value={pair[at]} onChange={(event) => pick(at, Number(event.target.value))}>
        {runs.map((run, index) => (
          <option key={run.id} value={index}>
            {names[index]}
          </option>
        ))}
      </select>
    </label>
  );
  if (!a || !b) return null;
  return (
    <section className={css.paired} aria-label="Image by image">
      <div className={css.tools}>
        <h3>Image by image</h3>
        {runs.length > 2 ? (
          <>
            {choice(0, "A")}
            {choice(1, "B")}
          </>
        ) : null}
        <select aria-label="Split" className={css.select} value={split} onChange={(event) => setSplit(event.target.value as Split)}>
          <option value="test">Test images</option>
          <option value="validation">Validation images</option>
        </select>
      </div>
      <Found key={`${a.id} ${b.id} ${split}`} project={project} a={a} b={b} split={split} />
    </section>
  );
}

type FoundProps = { project: string; a: RunCard; b: RunCard; split: Split };

function Found({ project, a, b, split }: FoundProps) {
  const [cell, setCell] = useState<Cell | null>(null);
  const found = useQuery(askEvaluation.comparison(project, a.id, b.id, split));
  if (found.error) return <RefusalNotice error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Busy what="Comparing image by image…" />;
  return (
    <>
      <p>
        <strong>{verdictOf(found.data)}</strong>{" "}
        <span className={css.quiet}>
          McNemar's exact test. Accuracy of A {intervalWords("accuracy", found.data.accuracy_a)}, of B {intervalWords("accuracy", found.data.accuracy_b)}; A minus B{" "}
          {intervalWords("accuracy", found.data.difference)}.
        </span>
      </p>
      {found.data.notes.map((note) => (
        <Notice key={note} tone="info">
          {note}
        </Notice>
      ))}
      <Cells found={found.data} chosen={cell} onChoose={setCell} />
      {cell ? <Images project={project} a={a} b={b} split={split} cell={cell} /> : <p className={css.quiet}>Choose a cell to see its images.</p>}
    </>
  );
}

const WORDS: Record<Cell, string> = { both_right: "Both right", only_a: "Only A right", only_b: "Only B right", both_wrong: "Both wrong" };

function Cells({ found, chosen, onChoose }: { found: PairedComparison; chosen: Cell | null; onChoose: (cell: Cell | null) => void }) {
  const cell = (name: Cell) => {
    const count = found.cells.find((one) => one.cell === name)?.num_images ?? 0;
    return (
      <td>
        <button
          type="button"
          className={css.pairedCell}
          data-cell={name}
          aria-pressed={chosen === name}
          aria-label={`${WORDS[name]}: ${formatPlural(count, "image")}`}
          onClick={() => onChoose(chosen === name ? null : name)}
        >
          {formatExact(count)}
        </button>
      </td>
    );
  };
  return (
    <table className={css.pairedTable}>
      <caption className="sr-only">Images that both runs, one, or none told right</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">B right</th>
          <th scope="col">B wrong</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">A right</th>
          {cell("both_right")}
          {cell("only_a")}
        </tr>
        <tr>
          <th scope="row">A wrong</th>
          {cell("only_b")}
          {cell("both_wrong")}
        </tr>
      </tbody>
    </table>
  );
}

function Images({ project, a, b, split, cell }: FoundProps & { cell: Cell }) {
  const [number, setNumber] = useState(FIRST_IMAGES);
  const page = useQuery(askEvaluation.cell(project, a.id, b.id, split, cell, number));
  const settings = useQuery(askRun.images(project, a.id));
  if (page.error) return <RefusalNotice error={page.error} onRetry={() => void page.refetch()} />;
  if (!page.data) return <Busy what="Looking for images…" />;
  const { total, rows } = page.data;
  const most = 500;
  return (
    <>
      <h3>
        {WORDS[cell]} <span className={css.quiet}>{formatPlural(total, "image")}</span>
      </h3>
      <ul className={css.pairedImages} aria-label={`${WORDS[cell]}: ${formatPlural(total, "image")}`}>
        {rows.map((row) => (
          <PairedTile key={row.a.key} project={project} settings={settings.data} row={row} />
        ))}
      </ul>
      {rows.length < Math.min(total, most) ? <Button onClick={() => setNumber(Math.min(most, number + 2 * FIRST_IMAGES))}>Show more</Button> : null}
      {total > most && rows.length >= most ? <p className={css.quiet}>The first {most} are shown.</p> : null}
    </>
  );
}
