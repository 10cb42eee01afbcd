import { api, must } from "../../api/client";
import type { Flow } from "../../api/types";
import { Button } from "../../kit/Button";
import { Notice } from "../../kit/small";
import { differences } from "../../model/compare";
import { TrustNotice } from "../../panels/TrustNotice";
import { activeDoc, docKey, useDoc } from "../../store/doc";
import { useRoute } from "../../store/route";
import { resolve, useSaving } from "../../store/saving";
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
      <Differing theirs={saving.theirs?.flow ?? null} />
    </Notice>
  );
}

const MOST_SHOWN = 5;

/** What is not the same in mine and in theirs. */
function Differing({ theirs }: { theirs: Flow | null }) {
  const mine = useDoc((state) => state.flow);
  if (!theirs) return null;
  const found = differences([mine, theirs]);
  if (found.length === 0) return <p>They differ in places, titles or groups only.</p>;
  return (
    <ul className={css.differing}>
      {found.slice(0, MOST_SHOWN).map(({ what, values: [here, there] }) => (
        <li key={what}>
          {what}: {here ?? "not there"} here, {there ?? "not there"} there
        </li>
      ))}
      {found.length > MOST_SHOWN ? <li>and {found.length - MOST_SHOWN} more</li> : null}
    </ul>
  );
}

function NotTrusted({ project }: { project: string }) {
  const hasCode = useDoc((state) => state.flow.nodes.some((node) => node.component === "custom"));
  return <TrustNotice project={project} isWanted={hasCode} />;
}
