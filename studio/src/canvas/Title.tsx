import { useEffect, useRef, useState } from "react";

import { rename } from "./acts";
import css from "./Title.module.css";
import { focusCanvas, useCanvasUi } from "./ui";

/** A name that can be typed over: F2 or a double click begins, Enter keeps, Escape leaves it as it was. */
export function Title({ id, title, className }: { id: string; title: string; className: string }) {
  const isRenaming = useCanvasUi((state) => state.renaming === id);
  const set = useCanvasUi((state) => state.set);
  if (isRenaming) return <TitleInput id={id} title={title} />;
  return (
    <span
      className={className}
      title={`${title} (F2 renames it)`}
      onDoubleClick={(event) => {
        event.stopPropagation();
        set({ renaming: id });
      }}
    >
      {title}
    </span>
  );
}

function TitleInput({ id, title }: { id: string; title: string }) {
  const [text, setText] = useState(title);
  const input = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  const end = (isKept: boolean) => {
    if (isDone.current) return;
    isDone.current = true;
    if (isKept && text.trim() !== title) rename(id, text);
    useCanvasUi.getState().set({ renaming: null });
    focusCanvas(id);
  };
  useEffect(() => {
    // After the menu that began it has given the keyboard back.
    const timer = window.setTimeout(() => {
      input.current?.focus();
      input.current?.select();
    }, 30);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <input
      ref={input}
      className={`${css.input} nodrag nopan`}
      value={text}
      maxLength={80}
      aria-label="Name"
      onChange={(event) => setText(event.target.value)}
      onBlur={() => end(true)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") end(true);
        if (event.key === "Escape") {
          event.preventDefault();
          end(false);
        }
      }}
    />
  );
}
