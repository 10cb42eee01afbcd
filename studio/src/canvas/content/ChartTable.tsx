import { useState } from "react";

import type { View } from "../../api/types";
import { Button } from "../../kit/Button";
import { tableOf } from "../../model/views";
import css from "./content.module.css";

/** The numbers behind a chart, on demand. */
export function ChartTable({ view }: { view: View }) {
  const [isOpen, setOpen] = useState(false);
  const table = tableOf(view);
  if (!table) return null;
  return (
    <div>
      <Button look="ghost" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? "Hide the table" : "As table"}
      </Button>
      {isOpen ? (
        <div className={css.tableBox} tabIndex={0} role="region" aria-label="Numbers of the chart">
          <table className={css.table}>
            <thead>
              <tr>
                {table.heads.map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((row) => (
                <tr key={row[0]}>
                  {row.map((cell, at) => (
                    <td key={at}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </div>
  );
}
