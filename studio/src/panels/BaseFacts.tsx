import type { BaseCard } from "../api/types";
import css from "../canvas/content/base.module.css";
import { formatBytes, formatExact, formatPlural, formatShape } from "../model/format";

/** Where a base comes from, and what exactly of its weights was loaded. */
export function BaseFacts({ card }: { card: BaseCard }) {
  const { origin, load, port } = card;
  const total = card.stages.reduce((sum, stage) => sum + stage.num_parameters, 0);
  return (
    <dl className={css.facts}>
      <Fact name="base">{card.title}</Fact>
      <Fact name="parameters">{formatExact(total)}</Fact>
      <Fact name="input">
        {formatShape([port.channels, port.height, port.width])}, {port.channel_order.toUpperCase()}, values {port.value_range[0]} to{" "}
        {port.value_range[1]}
      </Fact>
      <Fact name="loaded">{formatPlural(load.loaded, "tensor")} from the weights</Fact>
      <Fact name="missing">
        <Names names={load.missing} none="none: every tensor of the base was loaded" what="stayed untrained" />
      </Fact>
      <Fact name="unexpected">
        <Names names={load.unexpected} none="none" what="found no place" />
      </Fact>
      <Fact name="left out">
        <Names names={load.left_out} none="none" what="cut off" />
      </Fact>
      <Fact name="origin">{origin.source}</Fact>
      <Fact name="license">{origin.license}</Fact>
      {origin.size_bytes ? <Fact name="file">{formatBytes(origin.size_bytes)}</Fact> : null}
      {origin.digest ? (
        <Fact name="SHA-256">
          <code title={origin.digest}>{origin.digest.slice(0, 16)}…</code>
        </Fact>
      ) : null}
      <Fact name="weights">
        <code title={card.weights_digest}>{card.weights_digest.slice(0, 16)}…</code>
      </Fact>
      <Fact name="cuts">{card.traced ? "found by following the data through the base" : "along its own top-level chain; it could not be traced"}</Fact>
      {origin.note ? <Fact name="note">{origin.note}</Fact> : null}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Names({ names, none, what }: { names: readonly string[]; none: string; what: string }) {
  if (!names.length) return <>{none}</>;
  return (
    <details>
      <summary>
        {formatPlural(names.length, "tensor")} {what}
      </summary>
      <ul className={css.names}>
        {names.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </details>
  );
}
