import type { SourceCard } from "../../api/types";
import { type Role, rolesOf, whyNotRole } from "../../model/data_edits";
import { formatExact, formatPlural } from "../../model/format";
import css from "./start.module.css";

type Props = {
  card: SourceCard;
  settings: Readonly<Record<string, unknown>>;
  onRole: (column: string, role: Role) => void;
};

const ROLES: readonly (readonly [Role, string])[] = [
  ["image", "Image"],
  ["label", "Label"],
  ["mask", "Mask"],
  ["split", "Split"],
  ["group", "Group"],
  ["input", "Further input"],
  ["ignore", "Not used"],
];

const HELP: Record<Role, string> = {
  image: "Path of the image",
  label: "What is to be learned",
  mask: "Path of a picture with a class for each pixel",
  split: "Says train, validation or test",
  group: "Images of one group never cross splits",
  input: "Goes into the model beside the image",
  ignore: "Left alone",
};

/** The columns of a source: what each holds, and what it is used for. Only those of tables can be changed. */
export function ColumnTable({ card, settings, onRole }: Props) {
  const isTable = Boolean(settings["image_column"]) || card.kind === "table";
  const roles = isTable ? rolesOf(card.columns, settings) : {};
  return (
    <div className={css.scroll} tabIndex={0} role="region" aria-label="Columns">
      <table className={css.columns}>
        <thead>
          <tr>
            <th>{isTable ? "Column" : "Part"}</th>
            <th>Holds</th>
            <th>Examples</th>
            <th>Used as</th>
          </tr>
        </thead>
        <tbody>
          {card.columns.map((column) => (
            <tr key={column.name}>
              <th scope="row">{column.name}</th>
              <td>
                {column.type}
                <small>
                  {column.type === "image" ? formatPlural(column.num_distinct, "file") : `${formatExact(column.num_distinct)} different`}
                  {column.num_missing ? `, ${formatExact(column.num_missing)} empty` : ""}
                </small>
              </td>
              <td className={css.examples} title={column.examples.join(", ")}>
                {column.examples.slice(0, 3).join(", ")}
              </td>
              <td>
                {isTable ? (
                  <select
                    className={css.role}
                    aria-label={`Column ${column.name} is used as`}
                    value={roles[column.name]}
                    title={HELP[roles[column.name] ?? "ignore"]}
                    onChange={(event) => onRole(column.name, event.target.value as Role)}
                  >
                    {ROLES.map(([role, words]) => {
                      const why = whyNotRole(column, role);
                      return (
                        <option key={role} value={role} disabled={why !== null} title={why ?? HELP[role]}>
                          {words}
                        </option>
                      );
                    })}
                  </select>
                ) : (
                  ROLES.find(([role]) => role === column.role)?.[1]
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
