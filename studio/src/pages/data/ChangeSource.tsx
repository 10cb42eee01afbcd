import { useState } from "react";

import { changeSource } from "../../model/data_edits";
import { FilePicker } from "../../panels/FilePicker";
import { edit } from "../../store/doc";
import { type Chosen, SourceDialog } from "../start/SourceDialog";
import { sourceName } from "../start/words";

/** Let the flow read other images. */
export function ChangeSource({ project, node, onClose }: { project: string; node: string; onClose: () => void }) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  if (!chosen) {
    return (
      <FilePicker
        title="Other images for this flow"
        description="Corrections of the present images are taken back with them; undo brings both back."
        wanted="images"
        onChoose={(path) => setChosen({ path })}
        onClose={onClose}
      />
    );
  }
  const use = (settings: Record<string, unknown>, source: string) => {
    edit(`Read images from ${sourceName(source)}`, (flow) => changeSource(flow, node, { source, settings }));
    onClose();
  };
  return (
    <SourceDialog
      project={project}
      chosen={chosen}
      verbs={[{ words: "Use these images", act: use }]}
      onOther={() => setChosen(null)}
      onClose={onClose}
    />
  );
}
