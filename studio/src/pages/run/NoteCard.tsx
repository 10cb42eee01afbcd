import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";

import { api, must } from "../../api/client";
import { Button } from "../../kit/Button";
import kit from "../../kit/kit.module.css";
import { noteCard } from "../../store/runs";
import { say, sayError } from "../../store/toast";
import { Card } from "./Card";
import css from "./run.module.css";

/** A note of one's own on the run. */
export function NoteCard({ project, run, note }: { project: string; run: string; note: string }) {
  const [text, setText] = useState(note);
  const id = useId();
  const save = useMutation({
    mutationFn: () => must(api.PATCH("/api/projects/{project}/runs/{run}", { params: { path: { project, run } }, body: { note: text } })),
    onSuccess: (card) => {
      noteCard(project, card);
      say("The note is saved.");
    },
    onError: sayError,
  });
  return (
    <Card title="Note">
      <label className="sr-only" htmlFor={id}>
        Note on this run
      </label>
      <textarea
        id={id}
        className={[kit.input, css.note].join(" ")}
        rows={3}
        placeholder="What was tried, what was learned"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className={css.actions}>
        <Button onClick={() => save.mutate()} whyNot={text === note ? "The note is as it was saved." : save.isPending ? "It is being saved." : null}>
          Save the note
        </Button>
      </div>
    </Card>
  );
}
