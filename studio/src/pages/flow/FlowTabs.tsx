import { MoreHorizontal, Plus, X } from "lucide-react";
import { Suspense, useState } from "react";

import { IconButton } from "../../kit/Button";
import { lazily } from "../../kit/lazily";
import { Menu } from "../../kit/Menu";
import { closeDoc, docKey, splitKey, useOpen } from "../../store/doc";
import { useRoute } from "../../store/route";
import { save, useSaving } from "../../store/saving";
import css from "./FlowPage.module.css";
import { SavingState } from "./SavingState";

const RenameFlow = lazily(() => import("./TabDialogs").then((file) => ({ default: file.RenameFlow })));
const UnsavedFlow = lazily(() => import("./TabDialogs").then((file) => ({ default: file.UnsavedFlow })));

/** The open flows of the project, and how far the active one is saved. */
export function FlowTabs({ project, flow }: { project: string; flow: string }) {
  const docs = useOpen((state) => state.docs);
  const go = useRoute((state) => state.go);
  const [isRenaming, setRenaming] = useState(false);
  const open = Object.keys(docs).map(splitKey).filter((item) => item.project === project).map((item) => item.flow);
  const names = open.includes(flow) ? open : [...open, flow];
  const closing = useClosing(project, flow, names);
  const { unsaved } = closing;
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
              onAuxClick={(event) => (event.button === 1 ? closing.ask(name) : undefined)}
            >
              {name}
            </button>
            {name === flow ? (
              <Menu
                items={[
                  { label: "Rename…", onSelect: () => setRenaming(true), whyNot: docs[docKey(project, flow)] ? null : "It does not read as a flow." },
                  { label: "Data of this flow", onSelect: () => go({ page: "data", project, flow }) },
                  { label: "Close", onSelect: () => closing.ask(name) },
                ]}
              >
                <IconButton label={`More for ${name}`}>
                  <MoreHorizontal size={14} />
                </IconButton>
              </Menu>
            ) : (
              <IconButton label={`Close ${name}`} onClick={() => closing.ask(name)}>
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
      <Suspense fallback={null}>
        {isRenaming ? <RenameFlow project={project} flow={flow} onClose={() => setRenaming(false)} /> : null}
        {unsaved ? <UnsavedFlow flow={unsaved} onKeep={closing.keep} onLose={() => closing.close(unsaved)} /> : null}
      </Suspense>
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
  return { ask, close, unsaved, keep: () => setUnsaved(null) };
}
