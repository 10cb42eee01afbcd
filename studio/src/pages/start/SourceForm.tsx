import type { SourceCard } from "../../api/types";
import { SelectField } from "../../kit/Field";
import { Badge, Notice } from "../../kit/small";
import { type LabelKind, type Role, merged, withLabelKind, withRole } from "../../model/data_edits";
import { formatPlural } from "../../model/format";
import { ColumnTable } from "./ColumnTable";
import { KINDS, LABEL_KINDS } from "./words";
import css from "./start.module.css";

type Settings = Record<string, unknown>;
type Props = {
  card: SourceCard;
  settings: Settings;
  /** New settings, and what was changed in words. */
  onSettings: (settings: Settings, label: string) => void;
};

/** What a source holds, and how it is read. */
export function SourceForm({ card, settings, onSettings }: Props) {
  const kind = (settings["label_kind"] ?? "category") as LabelKind;
  const changeRole = (column: string, role: Role) =>
    onSettings(merged(settings, withRole(card.columns, settings, column, role)), `Use column ${column} as ${role}`);
  const isTable = Boolean(settings["image_column"]);
  return (
    <div className={css.form}>
      <div className={css.summary}>
        <Badge tone="accent">{KINDS[card.kind]}</Badge>
        <strong>{card.title}</strong>
        <span>
          {formatPlural(card.num_images, "image")}, {formatPlural(card.num_files, "file")} seen
        </span>
      </div>
      <code className={css.path} title={card.source}>
        {card.source}
      </code>
      {card.problems.map((problem) => (
        <Notice key={problem.message} tone={problem.level}>
          {problem.message}
          {problem.hint ? <div className={css.hint}>{problem.hint}</div> : null}
        </Notice>
      ))}
      <ColumnTable card={card} settings={settings} onRole={changeRole} />
      {isTable ? (
        <SelectField
          label="Labels are"
          value={kind}
          options={LABEL_KINDS}
          help="Head and objective of the flow have to fit it."
          onChange={(event) => {
            const next = event.target.value as LabelKind;
            onSettings(merged(settings, withLabelKind(settings, next)), `Read the labels as ${next}`);
          }}
        />
      ) : (
        <p className={css.labels}>
          Labels: {LABEL_KINDS.find(([value]) => value === kind && card.label_kind !== null)?.[1].toLowerCase() ?? "none were found"}
        </p>
      )}
    </div>
  );
}
