import { useQuery } from "@tanstack/react-query";
import { Scissors } from "lucide-react";

import { api, must } from "../api/client";
import type { BaseCard, BaseItem } from "../api/types";
import { Button } from "../kit/Button";
import { Busy, Notice } from "../kit/small";
import { formatBytes, formatExact, formatParameters, formatPlural, formatShape } from "../model/format";
import css from "./pickers.module.css";
import { RefusalNotice } from "./RefusalNotice";

type Props = { project: string; id: string; item: BaseItem | null; current: string | null; onChoose: (id: string) => void };

/** What a base says about itself. It is opened for that, which may fetch its weights. */
export function BaseDetails({ project, id, item, current, onChoose }: Props) {
  const isHere = item?.available_offline ?? true;
  const card = useQuery({
    queryKey: ["base", project, id],
    queryFn: ({ signal }) =>
      must(api.GET("/api/projects/{project}/bases/card", { params: { path: { project }, query: { base: id } }, signal })),
    staleTime: Infinity,
    enabled: isHere,
    retry: false,
  });
  return (
    <section className={css.details} aria-label={`About ${id}`}>
      <div>
        <h3>{card.data?.title ?? item?.title ?? id}</h3>
        <code>{id}</code>
      </div>
      {card.data ? (
        <Facts card={card.data} />
      ) : card.error ? (
        <RefusalNotice error={card.error} onRetry={() => void card.refetch()} />
      ) : card.isFetching ? (
        <Busy what={isHere ? "Opening it…" : "Fetching and opening it…"} />
      ) : (
        <Notice tone="info" actions={<Button onClick={() => void card.refetch()}>Fetch and look inside</Button>}>
          Its weights are not on this machine. They are fetched when it is looked into or used.
        </Notice>
      )}
      <div className={css.foot}>
        <Button
          tip="The same architecture without what it has learned: a control"
          whyNot={current === `random:${id}` ? "This is in use." : null}
          onClick={() => onChoose(`random:${id}`)}
        >
          Use it untrained
        </Button>
        <Button look="primary" whyNot={current === id ? "This is the base that is in use." : null} onClick={() => onChoose(id)}>
          Use this base
        </Button>
      </div>
    </section>
  );
}

function Facts({ card }: { card: BaseCard }) {
  const parameters = card.stages.reduce((sum, stage) => sum + stage.num_parameters, 0);
  const { port, origin, load } = card;
  return (
    <>
      <dl className={css.facts}>
        <dt>Parameters</dt>
        <dd title={formatExact(parameters)}>
          {formatParameters(parameters)} in {formatPlural(card.stages.length, "stage")}
        </dd>
        <dt>Images</dt>
        <dd>
          {port.width} × {port.height} pixels, {port.channel_order.toUpperCase()}
        </dd>
        <dt>Weights</dt>
        <dd>
          {origin.source}
          {origin.size_bytes ? `, ${formatBytes(origin.size_bytes)}` : ""}
        </dd>
        <dt>License</dt>
        <dd>{origin.license}</dd>
        <dt>Loaded</dt>
        <dd>
          {formatPlural(load.loaded, "tensor")}
          {load.missing.length ? `; ${load.missing.length} missing` : ""}
          {load.left_out.length ? `; ${load.left_out.length} of the old classifier left out` : ""}
        </dd>
        {origin.note ? (
          <>
            <dt>Note</dt>
            <dd>{origin.note}</dd>
          </>
        ) : null}
      </dl>
      <ol className={css.stages} aria-label="Stages" tabIndex={0}>
        {card.stages.map((stage) => (
          <li key={stage.name} title={stage.kind}>
            {stage.name}
            <span>{formatShape(stage.output_shape)}</span>
            <span>{formatParameters(stage.num_parameters)}</span>
          </li>
        ))}
        {card.old_classifier ? (
          <li title="It is cut off; the new head takes its place.">
            <em>
              <Scissors size={12} aria-label="Cut off:" /> {card.old_classifier.name}
            </em>
            <span>{formatShape(card.old_classifier.output_shape)}</span>
            <span>{formatParameters(card.old_classifier.num_parameters)}</span>
          </li>
        ) : null}
      </ol>
    </>
  );
}
