import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  Archive, ArrowUp, Box, ChevronRight, File, Folder, FolderOpen, FolderPlus, Image as ImageIcon, Sheet, Workflow,
} from "lucide-react";
import { type KeyboardEvent, useRef, useState } from "react";

import { api, must } from "../api/client";
import type { FileListing } from "../api/types";
import { Button, IconButton } from "../kit/Button";
import { TextField } from "../kit/Field";
import { Modal } from "../kit/Modal";
import { Busy, Notice } from "../kit/small";
import { formatBytes, formatPlural } from "../model/format";
import { ask } from "../store/session";
import css from "./pickers.module.css";
import { RefusalNotice } from "./RefusalNotice";
import { useReturnFocus } from "./useReturnFocus";

type Item = FileListing["items"][number];
export type Wanted = "images" | "weights" | "folder";

type Props = {
  title: string;
  wanted: Wanted;
  description?: string;
  /** Folder to begin in; else the first opened one. */
  startAt?: string | null;
  onChoose: (path: string) => void;
  onClose: () => void;
};

const ICONS = { folder: Folder, table: Sheet, arrays: Box, archive: Archive, image: ImageIcon, weights: Box, flow: Workflow, other: File };
const WORDS: Record<Item["kind"], string> = {
  folder: "Folder", table: "Table", arrays: "Arrays", archive: "Archive", image: "Image", weights: "Weights", flow: "Flow or text", other: "File",
};

/** Browse below the opened folders and choose a folder or a file. */
export function FilePicker({ title, wanted, description, startAt = null, onChoose, onClose }: Props) {
  useReturnFocus();
  const app = useQuery(ask.app());
  const [asked, setAsked] = useState<string | null>(startAt);
  const hasMoved = asked !== startAt;
  const roots = app.data?.roots ?? [];
  const path = asked ?? roots[0] ?? null;
  const nearest = roots.filter((root) => path?.startsWith(root)).sort((a, b) => b.length - a.length)[0];
  const listing = useQuery({
    queryKey: ["files", path],
    queryFn: () => must(api.GET("/api/files", { params: { query: { path: path ?? "" } } })),
    enabled: path !== null,
    staleTime: 3_000,
  });
  return (
    <Modal isOpen isWide title={title} {...(description ? { description } : {})} onClose={onClose}>
      <div className={css.picker}>
        <nav className={css.roots} aria-label="Opened folders">
          <h3>Opened folders</h3>
          {roots.map((root, index) => (
            <button key={root} autoFocus={index === 0} type="button" className={css.root} aria-current={path === root || (root === nearest && root !== path ? "location" : false)} title={root} onClick={() => setAsked(root)}>
              <FolderOpen size={14} aria-hidden />
              <span>{nameOf(root)}</span>
            </button>
          ))}
          <OpenAnother key={path ?? ""} onOpened={setAsked} />
        </nav>
        <section className={css.listing} aria-label="Content of the folder">
          {listing.data ? (
            <Content key={listing.data.path} hasMoved={hasMoved} listing={listing.data} wanted={wanted} onOpen={setAsked} onChoose={onChoose} />
          ) : listing.error ? (
            <RefusalNotice error={listing.error} onRetry={() => void listing.refetch()} />
          ) : app.error ? (
            <RefusalNotice error={app.error} onRetry={() => void app.refetch()} />
          ) : app.data && path === null ? (
            <Notice tone="info">No folder is open yet. Open one by its path, at the left.</Notice>
          ) : (
            <Busy what="Reading the folder…" />
          )}
        </section>
      </div>
    </Modal>
  );
}

const nameOf = (path: string): string => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;

/** Open a further folder of the server's machine by its path. */
function OpenAnother({ onOpened }: { onOpened: (path: string) => void }) {
  const client = useQueryClient();
  const [path, setPath] = useState("");
  const open = useMutation({
    mutationFn: () => must(api.POST("/api/roots", { body: { path: path.trim() } })),
    onSuccess: (listing) => {
      void client.invalidateQueries({ queryKey: ["app"] });
      client.setQueryData(["files", listing.path], listing);
      onOpened(listing.path);
    },
  });
  return (
    <form
      className={css.another}
      onSubmit={(event) => {
        event.preventDefault();
        if (path.trim()) open.mutate();
      }}
    >
      <TextField
        label="Open another folder"
        placeholder="/home/me/pictures"
        value={path}
        spellCheck={false}
        error={open.error?.message}
        onChange={(event) => setPath(event.target.value)}
      />
      <Button type="submit" whyNot={path.trim() ? null : "Write the path of a folder first."}>
        <FolderPlus size={14} aria-hidden /> Open
      </Button>
    </form>
  );
}

/** `hasMoved`: the folder was opened in this dialog, so the focus goes into it. */
type ContentProps = { hasMoved: boolean; listing: FileListing; wanted: Wanted; onOpen: (path: string) => void; onChoose: (path: string) => void };

function Content({ hasMoved, listing, wanted, onOpen, onChoose }: ContentProps) {
  const rows = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    if (event.key === "Backspace" && listing.parent) onOpen(listing.parent);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = [...(rows.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
    const at = all.findIndex((button) => button === document.activeElement);
    const next = event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : by ? all[at + by] : undefined;
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  const shown = listing.items.filter((item) => item.kind !== "image");
  const images = listing.items.filter((item) => item.kind === "image").slice(0, 8);
  const numFolders = listing.items.filter((item) => item.kind === "folder").length;
  return (
    <>
      <div className={css.where}>
        <IconButton
          label="Folder above"
          keys="Backspace"
          whyNot={listing.parent ? null : "This is the top of an opened folder. Open another folder to go higher."}
          onClick={() => listing.parent && onOpen(listing.parent)}
        >
          <ArrowUp size={16} />
        </IconButton>
        <code title={listing.path}>{listing.path}</code>
      </div>
      <div ref={rows} className={css.rows} role="group" aria-label="Folders and files" onKeyDown={move}>
        {shown.map((item, index) => (
          <Row key={item.path} hasFocus={hasMoved && index === 0} item={item} wanted={wanted} onOpen={onOpen} onChoose={onChoose} />
        ))}
        {images.map((item) => (
          <Row key={item.path} hasFocus={false} item={item} wanted={wanted} onOpen={onOpen} onChoose={onChoose} />
        ))}
        {listing.num_images > images.length ? (
          <p className={css.more}>and {formatPlural(listing.num_images - images.length, "more image")}</p>
        ) : null}
        {listing.items.length === 0 ? <p className={css.more}>This folder is empty.</p> : null}
        {listing.is_cut ? <p className={css.more}>There is more in it than is listed; open it by its path to go deeper.</p> : null}
      </div>
      <div className={css.choose}>
        <span>
          {formatPlural(numFolders, "folder")}, {formatPlural(listing.num_images, "image")} directly in “{nameOf(listing.path)}”
          {numFolders && !listing.num_images && wanted === "images" ? "; images inside its folders are found too" : ""}
        </span>
        <Button
          look="primary"
          autoFocus={hasMoved && shown.length === 0}
          whyNot={wanted === "weights" ? "A file of weights is wanted: choose one in the list." : null}
          onClick={() => onChoose(listing.path)}
        >
          Use this folder
        </Button>
      </div>
    </>
  );
}

type RowProps = { hasFocus: boolean; item: Item; wanted: Wanted; onOpen: (path: string) => void; onChoose: (path: string) => void };

function Row({ hasFocus, item, wanted, onOpen, onChoose }: RowProps) {
  const Icon = ICONS[item.kind];
  const why = whyNot(item.kind, wanted);
  return (
    <Button
      look="ghost"
      autoFocus={hasFocus}
      className={css.row ?? ""}
      whyNot={why}
      onClick={() => (item.kind === "folder" ? onOpen(item.path) : onChoose(item.path))}
    >
      <Icon size={15} aria-hidden data-kind={item.kind} />
      <span className={css.name}>{item.name}</span>
      <span className={css.kind}>{WORDS[item.kind]}</span>
      <span className={css.size}>{item.size === null ? "" : formatBytes(item.size)}</span>
      {item.kind === "folder" ? <ChevronRight size={14} aria-label="Opens" /> : <span className={css.blank} />}
    </Button>
  );
}

function whyNot(kind: Item["kind"], wanted: Wanted): string | null {
  if (kind === "folder") return null;
  if (wanted === "weights") return kind === "weights" ? null : "This is no file of weights.";
  if (wanted === "folder") return "A folder is wanted.";
  if (kind === "table" || kind === "arrays") return null;
  if (kind === "image") return "One image is not enough to learn from: use its folder.";
  if (kind === "archive") return "An archive has to be unpacked: drop it on the start page, which does that.";
  return "This file holds no images.";
}
