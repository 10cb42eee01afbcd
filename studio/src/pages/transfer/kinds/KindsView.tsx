import type { ReactNode } from "react";

import { Button } from "../../../kit/Button";
import { useRoute } from "../../../store/route";
import { VIEWS as CHOOSE } from "../../choose/views";
import type { ViewProps } from "../../FlowViews";
import { Card } from "../../run/Card";
import { VIEWS as TRANSFER } from "../views";
import content from "./kinds.json";
import css from "./kinds.module.css";
import { Picture } from "./Picture";

type Concept = { name: string; picture: string; text: string; doors?: string[] };

/** The words of transfer learning, each with a picture and a door to the screen that does it. */
export default function KindsView({ project, flow }: ViewProps) {
  return (
    <div className={css.view}>
      <p className={css.intro}>{content.intro}</p>
      <Card title="The words">
        <Concepts project={project} flow={flow} concepts={content.concepts} />
      </Card>
      <Card title="What can be transferred">
        <Concepts project={project} flow={flow} concepts={content.transferred} />
      </Card>
    </div>
  );
}

function Concepts({ project, flow, concepts }: ViewProps & { concepts: readonly Concept[] }) {
  return (
    <ul className={css.concepts}>
      {concepts.map(({ name, picture, text, doors = [] }) => (
        <li key={name} className={css.concept}>
          <Picture name={picture} title={name} />
          <div>
            <h3>{name}</h3>
            <p>{text}</p>
            <Doors project={project} flow={flow} doors={doors} />
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Buttons to the screens that are there. */
function Doors({ project, flow, doors }: ViewProps & { doors: readonly string[] }): ReactNode {
  const go = useRoute((state) => state.go);
  const found = doors.flatMap((door) => {
    const [page = "", name = ""] = door.split("/");
    const view = (page === "choose" ? CHOOSE : TRANSFER).find((one) => one.name === name);
    return view ? [{ page: page as "choose" | "transfer", view }] : [];
  });
  if (!found.length) return null;
  return (
    <div className={css.doors}>
      {found.map(({ page, view }) => (
        <Button key={`${page}/${view.name}`} onClick={() => go({ page, project, flow, view: view.name })}>
          {page === "choose" ? "Choose" : "Transfer"} › {view.words}
        </Button>
      ))}
    </div>
  );
}
