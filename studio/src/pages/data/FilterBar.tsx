import { Search, X } from "lucide-react";

import { Button } from "../../kit/Button";
import { formatPlural } from "../../model/format";
import css from "./data.module.css";
import { ALL, type Filter, type OpenData } from "./open";

type Props = { data: OpenData; filter: Filter; total: number | undefined; onFilter: (filter: Filter) => void };

const SPLITS: readonly (readonly [string, string])[] = [
  ["", "All splits"],
  ["train", "Training"],
  ["validation", "Validation"],
  ["test", "Test"],
];
const ONLY: readonly (readonly [Filter["only"], string])[] = [
  ["all", "All images"],
  ["problem", "With a problem"],
  ["excluded", "Excluded"],
  ["relabeled", "Relabeled"],
];

/** Which images are shown. */
export function FilterBar({ filter, total, onFilter }: Props) {
  const isAll = filter.label === null && filter.split === null && filter.text === "" && filter.only === "all";
  return (
    <div className={css.bar}>
      <label className={css.search}>
        <Search size={14} aria-hidden />
        <input
          type="search"
          aria-label="Find by name"
          placeholder="Find by name…"
          value={filter.text}
          onChange={(event) => onFilter({ ...filter, text: event.target.value })}
        />
      </label>
      <select
        className={css.select}
        aria-label="Split"
        value={filter.split ?? ""}
        onChange={(event) => onFilter({ ...filter, split: (event.target.value || null) as Filter["split"] })}
      >
        {SPLITS.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
      <select
        className={css.select}
        aria-label="Only"
        value={filter.only}
        onChange={(event) => onFilter({ ...filter, only: event.target.value as Filter["only"] })}
      >
        {ONLY.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
      {isAll ? null : (
        <Button look="ghost" onClick={() => onFilter(ALL)}>
          <X size={13} aria-hidden /> {filter.label === null ? "Show all" : `Class ${filter.label}: show all`}
        </Button>
      )}
      <span className={css.total} role="status">
        {total === undefined ? "" : formatPlural(total, "image")}
      </span>
    </div>
  );
}
