import type { BaseCard } from "../../api/types";
import { formatBytes, formatCount, formatPlural } from "../../model/format";
import { Card, Facts } from "./Card";
import css from "./run.module.css";

/** Where the base came from, what of it was loaded, and what was left out. */
export function BaseFacts({ card, base }: { card: BaseCard | null; base: string | null }) {
  if (!card) {
    return (
      <Card title="Base">
        <p className={css.quiet}>{base === "none" ? "The flow has no pretrained base." : "The base has not been opened yet."}</p>
      </Card>
    );
  }
  const { load, origin, old_classifier: old } = card;
  const leftOut = load.left_out.length
    ? `${formatPlural(load.left_out.length, "tensor")}${old ? `, ${formatCount(old.num_parameters)} values` : ""} of the old classifier, cut off`
    : "nothing";
  return (
    <Card title="Base">
      <Facts
        rows={[
          ["Base", `${card.title} (${card.id})`],
          ["Loaded", formatPlural(load.loaded, "tensor")],
          ["Left out", <span key="l" className={load.left_out.length ? css.hatch : undefined}>{leftOut}</span>],
          ["Missing", load.missing.length ? `${formatPlural(load.missing.length, "tensor")} stayed untrained: ${load.missing.slice(0, 4).join(", ")}` : "nothing"],
          ["Not used", load.unexpected.length ? `${formatPlural(load.unexpected.length, "tensor")} found no place` : "nothing"],
          ...originRows(origin),
          ["Weights' digest", <code key="d">{card.weights_digest}</code>],
        ]}
      />
    </Card>
  );
}

function originRows(origin: BaseCard["origin"]): (readonly [string, string])[] {
  return Object.entries(origin)
    .filter(([, value]) => value !== null && value !== "" && typeof value !== "object")
    .map(([name, value]) => {
      const words = name.replace(/_bytes$/, "").replaceAll("_", " ");
      const text = name.endsWith("_bytes") && typeof value === "number" ? formatBytes(value) : String(value);
      return [words.charAt(0).toUpperCase() + words.slice(1), text] as const;
    });
}
