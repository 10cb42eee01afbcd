import { useState } from "react";

import type { SampleRow } from "../../api/types";
import { Button } from "../../kit/Button";
import { TextField } from "../../kit/Field";
import { Modal } from "../../kit/Modal";
import { formatPlural } from "../../model/format";
import { useReturnFocus } from "../../panels/useReturnFocus";
import { relabel } from "./acts";
import css from "./data.module.css";
import type { OpenData } from "./open";

const HELP: Record<string, string> = {
  category: "A name that no image had makes a new class.",
  tags: "Several tags as a;b.",
  number: "Several numbers as 1.5;2.",
};

/** Give images a label that is typed. */
export function RelabelDialog({ data, rows, onClose }: { data: OpenData; rows: readonly SampleRow[]; onClose: () => void }) {
  useReturnFocus();
  const [text, setText] = useState((rows[0]?.label ?? []).join(";"));
  const kind = data.settings.label_kind;
  const label = text.trim();
  const isNumber = label.split(";").every((part) => part.trim() !== "" && Number.isFinite(Number(part)));
  const why = !label && kind !== "tags" ? "Write a label first." : kind === "number" && !isNumber ? "Numbers are wanted, as 1.5;2." : null;
  return (
    <Modal isOpen title={`Relabel ${formatPlural(rows.length, "image")}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (why) return;
          relabel(data.node.id, rows, label);
          onClose();
        }}
      >
        <TextField
          label="Label"
          list="known-labels"
          autoFocus
          value={text}
          help={HELP[kind]}
          onChange={(event) => setText(event.target.value)}
        />
        <datalist id="known-labels">
          {data.classes.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <div className={css.foot}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" whyNot={why}>
            Relabel
          </Button>
        </div>
      </form>
    </Modal>
  );
}
