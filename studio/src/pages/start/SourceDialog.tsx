import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, must } from "../../api/client";
import type { SourceCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { TextField } from "../../kit/Field";
import { Modal } from "../../kit/Modal";
import { Busy, Notice } from "../../kit/small";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { useReturnFocus } from "../../panels/useReturnFocus";
import { SourceForm } from "./SourceForm";
import css from "./start.module.css";
import { sourceName } from "./words";

export type Chosen = { path: string; name?: string; card?: SourceCard; template?: string; templateTitle?: string };
export type Verb = { words: string; act: (settings: Record<string, unknown>, source: string, name: string) => Promise<void> | void };

type Props = {
  project: string;
  chosen: Chosen;
  /** What can be done with it; the first is the usual one. */
  verbs: readonly Verb[];
  hasName?: boolean;
  onOther?: () => void;
  onClose: () => void;
};

/** What a chosen source holds; to be looked over before it is used. */
export function SourceDialog({ project, chosen, verbs, hasName = false, onOther, onClose }: Props) {
  useReturnFocus();
  const card = useQuery({
    queryKey: ["source", project, chosen.path],
    queryFn: ({ signal }) =>
      must(api.POST("/api/projects/{project}/source", { params: { path: { project } }, body: { path: chosen.path }, signal })),
    initialData: chosen.card,
    staleTime: chosen.card ? Infinity : 0,
    retry: false,
  });
  return (
    <Modal isOpen isWide title={chosen.templateTitle ? `Images for “${chosen.templateTitle}”` : "Your images"} onClose={onClose}>
      {card.data ? (
        <Known card={card.data} suggested={chosen.name ?? ""} verbs={verbs} hasName={hasName} onOther={onOther} onClose={onClose} />
      ) : card.error ? (
        <>
          <RefusalNotice error={card.error} onRetry={() => void card.refetch()} />
          <div className={css.foot}>
            {onOther ? <Button onClick={onOther}>Choose another…</Button> : null}
            <Button onClick={onClose}>Cancel</Button>
          </div>
        </>
      ) : (
        <Busy what={`Looking at what ${sourceName(chosen.path)} holds…`} />
      )}
    </Modal>
  );
}

type KnownProps = Pick<Props, "verbs" | "hasName" | "onClose"> & { card: SourceCard; suggested: string; onOther: (() => void) | undefined };

function Known({ card, suggested, verbs, hasName, onOther, onClose }: KnownProps) {
  const [settings, setSettings] = useState<Record<string, unknown>>(card.settings);
  const [name, setName] = useState("");
  const use = useMutation({ mutationFn: async (verb: Verb) => verb.act(settings, card.source, name.trim() || suggested) });
  const why = use.isPending ? "It is being made." : whyNot(card, settings);
  return (
    <>
      <SourceForm card={card} settings={settings} onSettings={setSettings} />
      {hasName ? (
        <TextField
          label="Name of the flow"
          placeholder={suggested || sourceName(card.source).replace(/\.[^.]+$/, "")}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      ) : null}
      {use.error ? <RefusalNotice error={use.error} /> : null}
      {why && !use.isPending ? <Notice tone="warning">{why}</Notice> : null}
      <div className={css.foot}>
        {onOther ? (
          <Button onClick={onOther} style={{ marginRight: "auto" }}>
            Choose another…
          </Button>
        ) : null}
        <Button onClick={onClose}>Cancel</Button>
        {[...verbs].reverse().map((verb) => (
          <Button key={verb.words} autoFocus={verb === verbs[0]} look={verb === verbs[0] ? "primary" : "plain"} whyNot={why} onClick={() => use.mutate(verb)}>
            {verb.words}
          </Button>
        ))}
      </div>
    </>
  );
}

function whyNot(card: SourceCard, settings: Record<string, unknown>): string | null {
  if (card.num_images === 0) return "There are no images in it.";
  const isTable = Boolean(settings["image_column"]) || card.kind === "table";
  if (isTable && !settings["image_column"]) return "Choose the column that names the images.";
  const hasLabels = settings["label_column"] || settings["label_columns"] || settings["mask_column"];
  if (isTable && !hasLabels) return "Choose the column that holds the labels.";
  return null;
}
