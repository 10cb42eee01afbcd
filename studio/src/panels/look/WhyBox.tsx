import { HelpCircle } from "lucide-react";
import { useState } from "react";

import { Button } from "../../kit/Button";
import type { LookedImage } from "../../model/one_image";
import { lookInto } from "../../store/one_image";
import { useRoute } from "../../store/route";
import css from "./look.module.css";
import { SaliencyView } from "./SaliencyView";

type Props = {
  project: string;
  run: string;
  /** What to look into; a function when it has to be sent first. */
  image: LookedImage | (() => Promise<LookedImage>);
  onFail?: (error: Error) => void;
};

/** Why did the run say this? Opens to the evidence, with a way to all that can be seen of the image. */
export function WhyBox({ project, run, image, onFail }: Props) {
  const go = useRoute((state) => state.go);
  const [shown, setShown] = useState<LookedImage | null>(null);
  const open = () => {
    if (typeof image === "function") image().then(setShown, (error: Error) => onFail?.(error));
    else setShown(image);
  };
  const current = typeof image === "function" ? shown : shown && image;
  if (!current) {
    return (
      <Button onClick={open} tip="Where in the image the evidence lies">
        <HelpCircle size={14} aria-hidden /> Why?
      </Button>
    );
  }
  return (
    <section className={css.why} aria-label="Why">
      <SaliencyView key={current.image} project={project} run={run} image={current} />
      <div className={css.actions}>
        <Button
          onClick={() => {
            lookInto(project, run, current);
            go({ page: "run", project, run, tab: "image" });
          }}
        >
          See it through every stage
        </Button>
        <Button look="ghost" onClick={() => setShown(null)}>
          Close
        </Button>
      </div>
    </section>
  );
}
