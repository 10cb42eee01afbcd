import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { Button } from "../../../kit/Button";
import { Notice } from "../../../kit/small";
import { FilePicker } from "../../../panels/FilePicker";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { noteMoved } from "../../../store/evaluation";
import { useToasts } from "../../../store/toast";

/** The run's images are not where they were: ask where they are now. */
export function MovedImages({ project, run, note }: { project: string; run: string; note: string }) {
  const say = useToasts((state) => state.say);
  const [isOpen, setOpen] = useState(false);
  const move = useMutation({ mutationFn: (path: string) => noteMoved(project, run, path), onSuccess: (words) => say(words, { tone: "ok" }) });
  return (
    <>
      <Notice
        tone="warning"
        actions={
          <Button onClick={() => setOpen(true)} whyNot={move.isPending ? "The new place is being looked at." : null}>
            Where are they now…
          </Button>
        }
      >
        {note}
      </Notice>
      {move.error ? <RefusalNotice error={move.error} /> : null}
      {isOpen ? (
        <FilePicker
          title="Where are the images now?"
          description="Choose what took the place of the folder or table that the run was made from."
          wanted="images"
          onChoose={(path) => {
            setOpen(false);
            move.mutate(path);
          }}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </>
  );
}
