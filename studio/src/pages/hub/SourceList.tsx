import { Database } from "lucide-react";

import type { Hub } from "../../api/types";
import { formatPlural } from "../../model/format";
import { Empty } from "../../kit/small";
import css from "./hub.module.css";
import { Rows } from "./Rows";

type Props = {
  sources: Hub["sources"];
  chosen: string | null;
  isSearching: boolean;
  onChoose: (source: string | null) => void;
};

/** The data sets of a project; one that is chosen narrows flows and runs. */
export function SourceList({ sources, chosen, isSearching, onChoose }: Props) {
  return (
    <section className={css.column} aria-labelledby="hub-data">
      <h2 id="hub-data">
        Data sets <span>{sources.length}</span>
      </h2>
      {sources.length === 0 ? (
        <Empty icon={<Database size={20} aria-hidden />} title={isSearching ? "None fits" : "No data set yet"}>
          {isSearching ? null : <p>The images that your flows read are listed here.</p>}
        </Empty>
      ) : null}
      <Rows items={sources} keyOf={(item) => item.source} height={62} label="Data sets">
        {(item) => (
          <button
            type="button"
            className={css.card}
            aria-pressed={chosen === item.source}
            onClick={() => onChoose(chosen === item.source ? null : item.source)}
          >
            <Database size={15} aria-hidden />
            <span className={css.text}>
              <strong>{item.title}</strong>
              <code title={item.source}>{item.source}</code>
              <small>{item.flows.length ? formatPlural(item.flows.length, "flow") : "read by runs only"}</small>
            </span>
          </button>
        )}
      </Rows>
    </section>
  );
}
