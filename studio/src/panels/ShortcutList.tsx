import { RotateCcw } from "lucide-react";
import { type KeyboardEvent, useState } from "react";

import { Button, IconButton } from "../kit/Button";
import { Modal } from "../kit/Modal";
import { Keys, Notice } from "../kit/small";
import { SHORTCUTS, type Shortcut, digitPressed, pressed, showKeys } from "../model/keys";
import { keyFault, withKey } from "../model/remap";
import { useKeys } from "../store/commands";
import css from "./ShortcutList.module.css";

const isMac = navigator.platform.startsWith("Mac");
const GROUPS = [...new Set(SHORTCUTS.map((item) => item.group))];

/** All shortcuts; each can get another key by pressing it. */
export default function ShortcutList({ onClose }: { onClose: () => void }) {
  const remapped = useKeys((state) => state.remapped);
  const remap = useKeys((state) => state.remap);
  const [asking, setAsking] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const take = (item: Shortcut, event: KeyboardEvent) => {
    const press = digitPressed(event.nativeEvent) ?? pressed(event.nativeEvent);
    if (["Control", "Shift", "Alt", "Meta"].includes(event.key) || event.key === "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    event.nativeEvent.stopImmediatePropagation();
    const found = keyFault(item, press, remapped);
    setFault(found);
    if (found) return;
    remap(item.id, withKey(item, press));
    stop();
  };
  const stop = () => {
    setAsking(null);
    setFault(null);
  };
  const numChanged = Object.keys(remapped).length;
  return (
    <Modal
      isOpen
      isWide
      title="Shortcuts"
      description="Single letters act while the canvas has the keyboard. Choose Change and press the keys that you want."
      onClose={asking ? stop : onClose}
    >
      {fault ? <Notice tone="error">{fault}</Notice> : null}
      <div className={css.groups}>
        {GROUPS.map((group) => (
          <section key={group} aria-label={group}>
            <h3 className={css.group}>{group}</h3>
            <ul className={css.list}>
              {SHORTCUTS.filter((item) => item.group === group).map((item) => (
                <li key={item.id} className={css.row}>
                  <span className={css.title}>{item.title}</span>
                  {asking === item.id ? (
                    <button type="button" className={css.asking} autoFocus onBlur={stop} onKeyDown={(event) => take(item, event)}>
                      Press keys, or Esc
                    </button>
                  ) : (
                    <>
                      {(remapped[item.id] ?? item.keys).map((keys) => (
                        <Keys key={keys} keys={showKeys(keys, isMac)} />
                      ))}
                      <Button look="ghost" aria-label={`Change the keys of: ${item.title}`} onClick={() => setAsking(item.id)}>
                        Change
                      </Button>
                      {remapped[item.id] ? (
                        <IconButton label={`Reset ${item.title}`} onClick={() => remap(item.id, null)}>
                          <RotateCcw size={14} />
                        </IconButton>
                      ) : null}
                    </>
                  )}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      <div>
        <Button
          whyNot={numChanged ? null : "All shortcuts are as they came."}
          onClick={() => Object.keys(remapped).forEach((id) => remap(id, null))}
        >
          Reset all
        </Button>
      </div>
    </Modal>
  );
}
