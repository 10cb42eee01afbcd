import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, must } from "../../api/client";
import { Button } from "../../kit/Button";
import { Modal } from "../../kit/Modal";
import { Notice } from "../../kit/small";
import { activeDoc, docKey, useDoc } from "../../store/doc";
import { useRoute } from "../../store/route";
import { resolve, useSaving } from "../../store/saving";
import { ask, queries } from "../../store/session";
import { say, sayError } from "../../store/toast";
import css from "./FlowPage.module.css";

/** What wants a decision before the flow goes on: another's change, code that is not trusted. */
export function Banners({ project, flow }: { project: string; flow: string }) {
  return (
    <div className={css.banners}>
      <Conflict project={project} flow={flow} />
      <NotTrusted project={project} />
    </div>
  );
}

function Conflict({ project, flow }: { project: string; flow: string }) {
  const key = docKey(project, flow);
  const saving = useSaving((state) => state.files[key]);
  const go = useRoute((state) => state.go);
  if (saving?.status !== "conflict") return null;
  const isTaken = saving.theirs?.flow ? null : "The file is gone or does not read as a flow now.";
  const copy = async () => {
    const mine = activeDoc()?.getState().flow;
    if (!mine) return;
    try {
      const body = { flow: mine, name: `${flow}-mine` };
      const file = await must(api.POST("/api/projects/{project}/flows", { params: { path: { project } }, body: body as never }));
      await resolve(key, "theirs");
      go({ page: "flow", project, flow: file.name });
      say(`Yours is kept as ${file.name}; ${flow} is the other version.`);
    } catch (error) {
      sayError(error);
    }
  };
  return (
    <Notice
      tone="warning"
      actions={
        <div className={css.actions}>
          <Button look="primary" whyNot={isTaken} onClick={() => void resolve(key, "theirs").then(() => say("Took the other version. Undo brings yours back."))}>
            Take theirs
          </Button>
          <Button onClick={() => void resolve(key, "mine").then(() => say("Kept yours; it is saved over the other version."))}>Keep mine</Button>
          <Button onClick={() => void copy()}>Save mine as a copy</Button>
        </div>
      }
    >
      <strong>This flow was changed elsewhere.</strong> Nothing is saved until you choose; editing goes on here.
    </Notice>
  );
}

/** Nodes whose code would run. */
const useCode = () => {
  const nodes = useDoc((state) => state.flow.nodes);
  return nodes.filter((node) => typeof node.settings["code"] === "string" && node.settings["code"] !== "");
};

function NotTrusted({ project }: { project: string }) {
  const app = useQuery(ask.app());
  const nodes = useCode();
  const [isReading, setReading] = useState(false);
  const card = app.data?.projects.find((item) => item.id === project);
  if (!card || card.is_trusted || nodes.length === 0) return null;
  const trust = async () => {
    try {
      await must(api.POST("/api/projects/{project}/trust", { params: { path: { project } } }));
      setReading(false);
      await queries.invalidateQueries({ queryKey: ["app"] });
      say("This project is trusted; its code runs in a process of its own.");
    } catch (error) {
      sayError(error);
    }
  };
  return (
    <>
      <Notice tone="warning" actions={<Button onClick={() => setReading(true)}>Read the code and decide…</Button>}>
        <strong>This project is not trusted yet.</strong> The code of {nodes.map((node) => node.title || node.id).join(", ")} is not run until
        you say that you trust it.
      </Notice>
      <Modal
        isWide
        title="Run the code of this project?"
        description="It runs on this machine with your rights. Trust only what you wrote or have read."
        isOpen={isReading}
        onClose={() => setReading(false)}
      >
        {nodes.map((node) => (
          <div key={node.id}>
            <h3>{node.title || node.id}</h3>
            <pre className={css.code} tabIndex={0}>
              {String(node.settings["code"])}
            </pre>
          </div>
        ))}
        <div className={css.actions}>
          <Button look="primary" onClick={() => void trust()}>
            Trust this project
          </Button>
          <Button onClick={() => setReading(false)}>Not now</Button>
        </div>
      </Modal>
    </>
  );
}
