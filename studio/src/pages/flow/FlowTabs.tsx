import { MoreHorizontal, Plus, X } from "lucide-react";
import { useState } from "react";

import { api, must } from "../../api/client";
import { Button, IconButton } from "../../kit/Button";
import { TextField } from "../../kit/Field";
import { Menu } from "../../kit/Menu";
import { Modal } from "../../kit/Modal";
import { closeDoc, docKey, splitKey, useOpen } from "../../store/doc";
import { useRoute } from "../../store/route";
import { save, useSaving } from "../../store/saving";
import { queries } from "../../store/session";
import { say } from "../../store/toast";
import css from "./FlowPage.module.css";
import { SavingState } from "./SavingState";

/** A menu gives the keyboard back as it closes; a dialog opens after that. */
const MENU_CLOSES_MS = 50;

/** The open flows of the project, and how far the active one is saved. */
export function FlowTabs({ project, flow }: { project: string; flow: string }) {
  const docs = useOpen((state) => state.docs);
  const go = useRoute((state) => state.go);
  const [isRenaming, setRenaming] = useState(false);
  const open = Object.keys(docs).map(splitKey).filter((item) => item.project === project).map((item) => item.flow);
  const names = open.includes(flow) ? open : [...open, flow];
  const close = useClosing(project, flow, names);
  return (
    <div className={css.tabs}>
      <nav className={css.tabList} aria-label="Open flows">
        {names.map((name) => (
          <div key={name} className={css.tab} data-active={name === flow}>
            <button
              type="button"
              className={css.tabName}
              aria-current={name === flow ? "page" : undefined}
              title={name}
              onClick={() => go({ page: "flow", project, flow: name })}
              onAuxClick={(event) => (event.button === 1 ? close.ask(name) : undefined)}
            >
              {name}
            </button>
            {name === flow ? (
              <Menu
                items={[
                  { label: "Rename…", onSelect: () => window.setTimeout(() => setRenaming(true), MENU_CLOSES_MS), whyNot: docs[docKey(project, flow)] ? null : "It does not read as a flow." },
                  { label: "Data of this flow", onSelect: () => go({ page: "data", project, flow }) },
                  { label: "Close", onSelect: () => window.setTimeout(() => close.ask(name), MENU_CLOSES_MS) },
                ]}
              >
                <IconButton label={`More for ${name}`}>
                  <MoreHorizontal size={14} />
                </IconButton>
              </Menu>
            ) : (
              <IconButton label={`Close ${name}`} onClick={() => close.ask(name)}>
                <X size={13} />
              </IconButton>
            )}
          </div>
        ))}
      </nav>
      <IconButton label="Open or start another flow" onClick={() => go({ page: "hub", project })}>
        <Plus size={15} />
      </IconButton>
      <SavingState flowKey={docKey(project, flow)} />
      {isRenaming ? <RenameFlow project={project} flow={flow} onClose={() => setRenaming(false)} /> : null}
      {close.dialog}
    </div>
  );
}

/** Close a tab: what waits is saved first; what cannot be saved is asked about. */
function useClosing(project: string, flow: string, names: readonly string[]) {
  const go = useRoute((state) => state.go);
  const [unsaved, setUnsaved] = useState<string | null>(null);
  const close = (name: string) => {
    setUnsaved(null);
    if (name === flow) {
      const next = names[names.indexOf(name) - 1] ?? names.find((other) => other !== name);
      go(next ? { page: "flow", project, flow: next } : { page: "hub", project });
    }
    closeDoc(docKey(project, name));
  };
  const ask = (name: string) => {
    const key = docKey(project, name);
    const status = useSaving.getState().files[key]?.status ?? "saved";
    if (status === "saved" || !useOpen.getState().docs[key]) return close(name);
    void save(key).then(() => {
      if (useSaving.getState().files[key]?.status === "saved") close(name);
      else setUnsaved(name);
    });
  };
  const dialog = (
    <Modal title="Close without saving?" isOpen={unsaved !== null} onClose={() => setUnsaved(null)}>
      <p>The last changes to {unsaved} could not be saved. Closed now, they are lost.</p>
      <div className={css.actions}>
        <Button look="primary" onClick={() => setUnsaved(null)}>
          Keep it open
        </Button>
        <Button look="danger" onClick={() => (unsaved ? close(unsaved) : undefined)}>
          Close and lose the changes
        </Button>
      </div>
    </Modal>
  );
  return { ask, dialog };
}

function RenameFlow({ project, flow, onClose }: { project: string; flow: string; onClose: () => void }) {
  const [name, setName] = useState(flow);
  const [error, setError] = useState<string | null>(null);
  const go = useRoute((state) => state.go);
  const rename = async () => {
    try {
      await save(docKey(project, flow));
      const params = { path: { project, name: flow } };
      const file = await must(api.POST("/api/projects/{project}/flows/{name}/name", { params, body: { name: name.trim() } }));
      onClose();
      go({ page: "flow", project, flow: file.name }, "replace");
      closeDoc(docKey(project, flow));
      void queries.invalidateQueries({ queryKey: ["hub", project] });
      say(`Renamed to ${file.name}`);
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
    }
  };
  const whyNot = name.trim() === "" ? "Type a name." : name.trim() === flow ? "That is its name already." : null;
  return (
    <Modal title={`Rename ${flow}`} isOpen onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!whyNot) void rename();
        }}
        style={{ display: "grid", gap: 12 }}
      >
        <TextField label="New name" value={name} autoFocus error={error} onChange={(event) => {
            setError(null);
            setName(event.target.value);
          }} />
        <div className={css.actions}>
          <Button look="primary" type="submit" whyNot={whyNot}>
            Rename
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Modal>
  );
}
