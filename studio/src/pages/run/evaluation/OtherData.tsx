import { useState } from "react";

import type { OtherData as Evaluated } from "../../../api/types";
import { FilePicker } from "../../../panels/FilePicker";
import { evaluateElsewhere } from "../../../store/evaluation";
import { type Chosen, SourceDialog } from "../../start/SourceDialog";

type Props = { project: string; run: string; onDone: (found: Evaluated) => void; onClose: () => void };

/** Choose other labelled images, look them over, and score the run on them. */
export function OtherData({ project, run, onDone, onClose }: Props) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  if (!chosen) {
    return (
      <FilePicker
        title="Evaluate on other data"
        description="Labelled images with the classes that the run knows: a folder per class, or a table."
        wanted="images"
        onChoose={(path) => setChosen({ path })}
        onClose={onClose}
      />
    );
  }
  const act = async (settings: Record<string, unknown>, source: string) => {
    const { source: _source, ...columns } = settings;
    onDone(await evaluateElsewhere(project, run, source, columns));
  };
  return <SourceDialog project={project} chosen={chosen} verbs={[{ words: "Evaluate", act }]} onOther={() => setChosen(null)} onClose={onClose} />;
}
