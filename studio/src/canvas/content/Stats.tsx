import { TriangleAlert } from "lucide-react";

import type { PreviewDocument, TensorStats } from "../../api/types";
import { formatSeconds, formatShape } from "../../model/format";
import { statRows, warningsOf, weightsText } from "../../model/views";
import css from "./content.module.css";

/** What a tensor holds, in numbers; and what should worry about it. */
export function Stats({ document, stats, parameters }: { document: PreviewDocument; stats: TensorStats; parameters?: string | null }) {
  const time = document.from_cache ? "from the cache" : `${formatSeconds(document.seconds)}, computed`;
  return (
    <>
      {warningsOf(stats).map((warning) => (
        <p key={warning} className={css.warning}>
          <TriangleAlert size={13} aria-hidden /> {warning}
        </p>
      ))}
      <dl className={css.stats}>
        <Row name="shape" value={formatShape(document.shape)} />
        <Row name="type" value={document.dtype} />
        {statRows(stats).map(([name, value]) => (
          <Row key={name} name={name} value={value} />
        ))}
        <Row name="time" value={time} />
        <Row name="weights" value={weightsText(document.weights)} />
        {parameters ? <Row name="parameters" value={parameters} /> : null}
      </dl>
      {document.notes.map((note) => (
        <p key={note} className={css.text2}>
          {note}
        </p>
      ))}
    </>
  );
}

function Row({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={css.mono}>{value}</dd>
    </>
  );
}
