import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, must } from "../api/client";
import { Button } from "../kit/Button";
import { Modal } from "../kit/Modal";
import { Notice } from "../kit/small";
import { useDoc } from "../store/doc";
import { ask } from "../store/session";
import { say, sayError } from "../store/toast";
import { LazyEditor } from "./LazyEditor";
import css from "./inspector/inspector.module.css";

/** Whether code of a project is run; undefined while that is not known. */
export function useTrust(project: string): boolean | undefined {
  const app = useQuery(ask.app());
  const known = app.data?.projects.find((card) => card.id === project);
  const own = useQuery({
    queryKey: ["project", project],
    queryFn: () => must(api.GET("/api/projects/{project}", { params: { path: { project } } })),
    enabled: project !== "" && app.data !== undefined && known === undefined,
  });
  return (known ?? own.data)?.is_trusted;
}

/** Says that code is not run yet, and lets it be read and trusted. */
export function TrustNotice({ project, isWanted }: { project: string; isWanted: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const isTrusted = useTrust(project);
  if (!isWanted || isTrusted !== false) return null;
  return (
    <>
      <Notice tone="warning" actions={<Button onClick={() => setOpen(true)}>Read and trust…</Button>}>
        <strong>Code of this project is not run.</strong> It could read and change files of yours. Read it first.
      </Notice>
      {isOpen ? <TrustDialog project={project} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

/** All code of the open flow, and the question whether to run it. */
export function TrustDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const nodes = useDoc((state) => state.flow.nodes).filter((node) => node.component === "custom");
  const trust = async () => {
    setBusy(true);
    try {
      await must(api.POST("/api/projects/{project}/trust", { params: { path: { project } } }));
      await Promise.all(["app", "project", "code", "plan"].map((key) => client.invalidateQueries({ queryKey: [key] })));
      say("This project is trusted; its code runs now.", { tone: "ok" });
      onClose();
    } catch (error) {
      sayError(error);
      setBusy(false);
    }
  };
  return (
    <Modal
      isOpen
      isWide
      title="Run the code of this project?"
      description="Python in a flow can do anything that you can do on this machine. Trust it when you wrote it, or have read it."
      onClose={onClose}
    >
      {nodes.map((node) => (
        <section key={node.id} className={css.section} aria-label={`Code of ${node.id}`}>
          <h3>{node.title || node.id}</h3>
          {typeof node.settings["file"] === "string" ? (
            <p className={css.text}>Its code lies in the file {node.settings["file"]} of the project.</p>
          ) : (
            <LazyEditor height={260} language="python" text={String(node.settings["code"] ?? "")} readOnly label={`Code of ${node.id}, read only`} />
          )}
        </section>
      ))}
      <div className={css.buttons} style={{ justifyContent: "flex-end" }}>
        <Button onClick={onClose}>Not now</Button>
        <Button look="primary" onClick={() => void trust()} whyNot={isBusy ? "One moment." : null}>
          Trust this project
        </Button>
      </div>
    </Modal>
  );
}
