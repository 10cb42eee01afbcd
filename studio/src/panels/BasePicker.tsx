import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useDeferredValue, useState } from "react";

import { api, must } from "../api/client";
import type { BaseItem } from "../api/types";
import { Button } from "../kit/Button";
import { SelectField, TextField } from "../kit/Field";
import { Modal } from "../kit/Modal";
import { Busy } from "../kit/small";
import { ask } from "../store/session";
import { BaseDetails } from "./BaseDetails";
import { BaseList } from "./BaseList";
import { FileBase } from "./FileBase";
import css from "./pickers.module.css";
import { RefusalNotice } from "./RefusalNotice";
import { useReturnFocus } from "./useReturnFocus";

type Props = { project: string; value: string | null; onChoose: (id: string) => void; onClose: () => void };

const HOSTS: readonly (readonly [string, string])[] = [
  ["", "Everywhere"],
  ["bundled", "Bundled"],
  ["run", "My runs"],
  ["timm", "timm"],
  ["torchvision", "torchvision"],
  ["keras", "Keras"],
  ["hf", "Hugging Face"],
  ["file", "A file…"],
];

/** Choose a base: published ones, one's own runs, a file of weights. */
export function BasePicker({ project, value, onChoose, onClose }: Props) {
  useReturnFocus();
  const [text, setText] = useState("");
  const [host, setHost] = useState("");
  const [chosen, setChosen] = useState<string | null>(value?.replace(/^random:/, "") ?? null);
  const found = useBases(project, useDeferredValue(text), host);
  const choose = (id: string) => {
    onChoose(id);
    onClose();
  };
  return (
    <Modal
      isOpen
      isWide
      title="Choose a base"
      description="A pretrained model to graft a new head onto. Bases on this machine need no download."
      onClose={onClose}
    >
      <div className={css.find}>
        <TextField
          label="Search"
          placeholder="resnet, mobile, a run's name…"
          value={text}
          autoFocus
          onKeyDown={intoList}
          onChange={(event) => setText(event.target.value)}
        />
        <SelectField label="From" value={host} options={HOSTS} onChange={(event) => setHost(event.target.value)} />
      </div>
      {host === "file" ? (
        <FileBase onChoose={choose} />
      ) : (
        <div className={css.bases}>
          {found.error ? (
            <RefusalNotice error={found.error} onRetry={found.retry} />
          ) : found.items ? (
            <BaseList items={found.items} chosen={chosen} onSelect={setChosen} onChoose={choose} isRuns={host === "run"} />
          ) : (
            <Busy what="Listing the bases; the first time takes some seconds…" />
          )}
          {chosen ? (
            <BaseDetails
              key={chosen}
              project={project}
              id={chosen}
              item={found.items?.find((item) => item.id === chosen) ?? null}
              current={value}
              onChoose={choose}
            />
          ) : (
            <div className={css.details}>
              <p>Select a base to see what is inside it: its stages, its size, where its weights come from.</p>
              <div className={css.foot}>
                <Button look="primary" whyNot="Select a base in the list first.">
                  Use this base
                </Button>
              </div>
            </div>
          )}
        </div>
      )}
    </Modal>
  );
}

/** Arrow down goes from the words to what they found. */
function intoList(event: KeyboardEvent<HTMLInputElement>): void {
  const list = event.key === "ArrowDown" ? event.currentTarget.closest("[role=dialog]")?.querySelector<HTMLElement>("[role=listbox]") : null;
  if (!list) return;
  event.preventDefault();
  list.focus();
}

type Found = { items: readonly BaseItem[] | undefined; error: Error | null; retry: () => void };

/** Bases of the libraries, with one's own finished runs in front. */
function useBases(project: string, text: string, host: string): Found {
  const isAsked = host !== "run" && host !== "file";
  const bases = useQuery({
    queryKey: ["bases", project, text, host],
    queryFn: ({ signal }) => {
      const query = { text, limit: 300, ...(host ? { host } : {}) };
      return must(api.GET("/api/projects/{project}/bases", { params: { path: { project }, query }, signal }));
    },
    enabled: isAsked,
    placeholderData: keepPreviousData,
    staleTime: 300_000,
  });
  const hub = useQuery(ask.hub(project));
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const runs = (hub.data?.runs ?? [])
    .filter((run) => run.status === "finished" || run.status === "stopped")
    .map((run): BaseItem => ({
      id: `run:${run.id}`,
      host: "run",
      title: [run.name ?? run.id, run.source ? `learned from ${nameOf(run.source)}` : ""].filter(Boolean).join(", "),
      num_parameters: null,
      available_offline: true,
      license: run.base ? `as ${run.base}` : "your own",
    }))
    .filter((item) => words.every((word) => `${item.id} ${item.title}`.toLowerCase().includes(word)));
  if (!isAsked) return { items: hub.data ? runs : undefined, error: hub.error, retry: () => void hub.refetch() };
  const others = bases.data?.filter((item) => item.host !== "run");
  const items = others && (host === "" ? [...runs, ...others] : others);
  return { items, error: bases.error, retry: () => void bases.refetch() };
}

const nameOf = (source: string): string => source.split(/[\\/:]/).filter(Boolean).at(-1) ?? source;
