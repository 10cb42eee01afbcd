import { useState } from "react";

import { api, must } from "../../api/client";
import { Button } from "../../kit/Button";
import { TextField } from "../../kit/Field";
import { Modal } from "../../kit/Modal";
import { closeDoc, docKey } from "../../store/doc";
import { useRoute } from "../../store/route";
import { save } from "../../store/saving";
import { queries } from "../../store/session";
import { say } from "../../store/toast";
import css from "./FlowPage.module.css";

/** Asks before changes that cannot be saved are lost. */
export function UnsavedFlow({ flow, onKeep, onLose }: { flow: string; onKeep: () => void; onLose: () => void }) {
  return (
    <Modal title="Close without saving?" isOpen onClose={onKeep}>
      <p>The last changes to {flow} could not be saved. Closed now, they are lost.</p>
      <div className={css.actions}>
        <Button look="primary" onClick={onKeep}>
          Keep it open
        </Button>
        <Button look="danger" onClick={onLose}>
          Close and lose the changes
        </Button>
      </div>
    </Modal>
  );
}

/** Gives the open flow another name. */
export function RenameFlow({ project, flow, onClose }: { project: string; flow: string; onClose: () => void }) {
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
