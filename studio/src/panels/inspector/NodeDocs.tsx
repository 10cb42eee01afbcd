import type { ComponentCard, PortFace } from "../../api/types";
import { kindsOf } from "../../model/wiring";
import { useCheck } from "../../store/checking";
import css from "./inspector.module.css";

/** What a component is for, its ports as they are now, and shapes it makes of others. */
export function NodeDocs({ node, card }: { node: string; card: ComponentCard }) {
  const face = useCheck().faces[node];
  return (
    <details className={css.details}>
      <summary>{card.summary}</summary>
      <dl className={css.facts}>
        {face ? <Ports what="Takes" ports={face.inputs} /> : null}
        {face ? <Ports what="Gives" ports={face.outputs} /> : null}
        {card.examples.map(({ given, gives }) => (
          <Row key={given} term="For example" words={`${given} → ${gives}`} />
        ))}
      </dl>
    </details>
  );
}

function Ports({ what, ports }: { what: string; ports: readonly PortFace[] }) {
  if (ports.length === 0) return <Row term={what} words="nothing" />;
  return ports.map((port) => (
    <Row
      key={port.name}
      term={what}
      words={`${port.name}: ${kindsOf(port)}, ${port.shape}${port.is_optional ? ", may stay open" : ""}${port.help ? `. ${port.help}` : ""}`}
    />
  ));
}

function Row({ term, words }: { term: string; words: string }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{words}</dd>
    </>
  );
}
