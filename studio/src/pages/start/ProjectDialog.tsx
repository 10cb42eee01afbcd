import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, must } from "../../api/client";
import type { ProjectCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { TextField } from "../../kit/Field";
import { Modal } from "../../kit/Modal";
import { FilePicker } from "../../panels/FilePicker";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { useReturnFocus } from "../../panels/useReturnFocus";
import css from "./start.module.css";

type Props = { suggestion: string; why?: string; onOpened: (card: ProjectCard) => void; onClose: () => void };

/** Open a project by its folder, or make one in a new or empty folder. */
export function ProjectDialog({ suggestion, why, onOpened, onClose }: Props) {
  useReturnFocus();
  const client = useQueryClient();
  const [path, setPath] = useState(suggestion);
  const [isBrowsing, setIsBrowsing] = useState(false);
  const open = useMutation({
    mutationFn: (create: boolean) => must(api.POST("/api/projects", { body: { path: path.trim(), create } })),
    onSuccess: (card) => {
      void client.invalidateQueries({ queryKey: ["app"] });
      onOpened(card);
    },
  });
  const none = path.trim() ? (open.isPending ? "It is being opened." : null) : "Write the path of its folder first.";
  return (
    <Modal
      isOpen
      title="Open or make a project"
      description={why ?? "A project is a folder that keeps flows and runs. Your images stay where they are."}
      onClose={onClose}
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!none) open.mutate(true);
        }}
      >
        <TextField
          label="Folder of the project"
          value={path}
          spellCheck={false}
          autoFocus
          help="A folder that is not there yet is made."
          onChange={(event) => setPath(event.target.value)}
        />
        {open.error ? <RefusalNotice error={open.error} /> : null}
        <div className={css.foot}>
          <Button onClick={() => setIsBrowsing(true)} style={{ marginRight: "auto" }}>
            Browse…
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <Button whyNot={none} onClick={() => open.mutate(false)}>
            Open an existing one
          </Button>
          <Button type="submit" look="primary" whyNot={none}>
            Open or make
          </Button>
        </div>
      </form>
      {isBrowsing ? (
        <FilePicker
          title="Folder of the project"
          wanted="folder"
          onChoose={(chosen) => {
            setPath(chosen);
            setIsBrowsing(false);
          }}
          onClose={() => setIsBrowsing(false)}
        />
      ) : null}
    </Modal>
  );
}
