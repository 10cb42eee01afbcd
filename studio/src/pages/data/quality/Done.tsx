import type { SampleRow } from "../../../api/types";
import { Button } from "../../../kit/Button";
import { Badge } from "../../../kit/small";
import { restore, unlabel } from "../acts";
import type { OpenData } from "../open";
import css from "./quality.module.css";

/** What was done about an image, and the way back. */
export function Done({ row, done, data }: { row: SampleRow; done: string; data: OpenData }) {
  const back = () => (row.is_excluded ? restore(data.node.id, [row]) : unlabel(data.node.id, [{ ...row, found_label: row.label }]));
  return (
    <div className={css.acts}>
      <Badge tone="ok">{done}</Badge>
      <Button look="ghost" onClick={back}>
        {row.is_excluded ? "Put back" : "Label as found"}
      </Button>
    </div>
  );
}
