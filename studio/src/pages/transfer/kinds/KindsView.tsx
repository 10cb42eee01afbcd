import { Button } from "../../../kit/Button";
import { useRoute } from "../../../store/route";
import { VIEWS as CHOOSE } from "../../choose/views";
import type { ViewProps } from "../../FlowViews";
import { Card } from "../../run/Card";
import { VIEWS as TRANSFER } from "../views";
import content from "./kinds.json";
import css from "./kinds.module.css";
import { Picture } from "./Picture";

type Door = { view?: string; command: string };
type Concept = { name: string; picture: string; drawing: string; text: string; doors: readonly Door[] };

/** The words of transfer learning, each with a picture and a door to the screen that does it. */
export default function KindsView({ project, flow }: ViewProps) {
  return (
    <div className={css.view}>
      <p className={css.intro}>
        {content.intro} {content.legend}
      </p>
      {content.groups.map(({ title, concepts }) => (
        <Card key={title} title={title}>
          <ul className={css.concepts}>
            {concepts.map((concept: Concept) => (
              <li key={concept.name} className={css.concept}>
                <Picture name={concept.picture} words={concept.drawing} />
                <div>
                  <h3>{concept.name}</h3>
                  <p>{concept.text}</p>
                  <Doors project={project} flow={flow} doors={concept.doors} />
                </div>
              </li>
            ))}
          </ul>
        </Card>
      ))}
    </div>
  );
}

/** Buttons to the screens that are there, each with the command that does the same. */
function Doors({ project, flow, doors }: ViewProps & { doors: readonly Door[] }) {
  const go = useRoute((state) => state.go);
  const open = doors.flatMap(({ view = "", command }) => {
    const [folder, name] = view.split("/");
    const page = folder === "choose" ? ("choose" as const) : ("transfer" as const);
    const found = (page === "choose" ? CHOOSE : TRANSFER).find((one) => one.name === name);
    return found ? [{ page, command, ...found }] : [];
  });
  if (!open.length) return null;
  return (
    <ul className={css.doors}>
      {open.map(({ page, name, words, command }) => (
        <li key={`${page}/${name}`}>
          <Button onClick={() => go({ page, project, flow, view: name })}>
            {page === "choose" ? "Choose" : "Transfer"} › {words}
          </Button>
          <code>{command}</code>
        </li>
      ))}
    </ul>
  );
}
