import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { Button } from "../../kit/Button";
import { TextField } from "../../kit/Field";
import { Modal } from "../../kit/Modal";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { useReturnFocus } from "../../panels/useReturnFocus";
import css from "./hub.module.css";

type TextProps = {
  title: string;
  label: string;
  initial: string;
  verb: string;
  help?: string;
  mayBeEmpty?: boolean;
  onDone: (text: string) => Promise<void>;
  onClose: () => void;
};

/** Ask for one line of text. */
export function TextDialog({ title, label, initial, verb, help, mayBeEmpty = false, onDone, onClose }: TextProps) {
  useReturnFocus();
  const [text, setText] = useState(initial);
  const act = useMutation({ mutationFn: onDone, onSuccess: onClose });
  const next = text.trim();
  const why = !next && !mayBeEmpty ? "Write something first." : next === initial ? "Nothing is changed yet." : act.isPending ? "Working…" : null;
  return (
    <Modal isOpen title={title} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!why) act.mutate(next);
        }}
      >
        <TextField label={label} help={help} value={text} autoFocus onFocus={(event) => event.target.select()} onChange={(event) => setText(event.target.value)} />
        {act.error ? <RefusalNotice error={act.error} /> : null}
        <div className={css.foot}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" whyNot={why}>
            {verb}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

type ConfirmProps = { title: string; text: string; verb: string; onDone: () => Promise<void>; onClose: () => void };

/** Ask before something that cannot be taken back. */
export function ConfirmDialog({ title, text, verb, onDone, onClose }: ConfirmProps) {
  useReturnFocus();
  const act = useMutation({ mutationFn: onDone, onSuccess: onClose });
  return (
    <Modal isOpen title={title} description={text} onClose={onClose}>
      {act.error ? <RefusalNotice error={act.error} /> : null}
      <div className={css.foot}>
        <Button onClick={onClose} autoFocus>
          Cancel
        </Button>
        <Button look="danger" whyNot={act.isPending ? "Working…" : null} onClick={() => act.mutate()}>
          {verb}
        </Button>
      </div>
    </Modal>
  );
}
