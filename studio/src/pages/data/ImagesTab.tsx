import { useMemo, useState } from "react";

import { corrected } from "../../model/data_edits";
import { ClassList } from "./ClassList";
import css from "./data.module.css";
import { FilterBar } from "./FilterBar";
import { ImageDialog } from "./ImageDialog";
import { ImageGrid } from "./ImageGrid";
import type { Filter, OpenData } from "./open";
import { SelectionBar } from "./SelectionBar";
import type { Selection } from "./selection";
import { useSamples } from "./useSamples";

type Props = { data: OpenData; filter: Filter; onFilter: (filter: Filter) => void };
const NONE: Selection = new Map();

/** Classes at the left, the images of the chosen one at the right. */
export function ImagesTab({ data, filter, onFilter }: Props) {
  const samples = useSamples(data, filter);
  const [selection, setSelection] = useState<Selection>(NONE);
  const [shown, setShown] = useState<number | null>(null);
  const change = (next: Filter) => {
    setSelection(NONE);
    onFilter(next);
  };
  const selected = useMemo(
    () => [...selection.values()].map((row) => corrected(row, data.excluded, data.relabel)),
    [selection, data.excluded, data.relabel],
  );
  const row = shown === null ? undefined : samples.rowAt(shown);
  return (
    <div className={css.images}>
      <ClassList data={data} filter={filter} onFilter={change} />
      <section className={css.browse} aria-label="Images">
        <FilterBar data={data} filter={filter} total={samples.total} onFilter={change} />
        <SelectionBar
          data={data}
          filter={filter}
          total={samples.total}
          selected={selected}
          onSelect={(rows) => setSelection(new Map(rows.map((item) => [item.key, item])))}
        />
        <ImageGrid data={data} samples={samples} selection={selection} onSelection={setSelection} onOpen={setShown} onFilter={change} />
      </section>
      {row && shown !== null ? (
        <ImageDialog
          data={data}
          row={row}
          position={`${shown + 1} of ${samples.total}`}
          onStep={(by) => setShown(Math.max(0, Math.min((samples.total ?? 1) - 1, shown + by)))}
          onClose={() => setShown(null)}
        />
      ) : null}
    </div>
  );
}
