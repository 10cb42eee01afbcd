import { useState } from "react";

import type { TemplateCard } from "../../api/types";
import { FilePicker } from "../../panels/FilePicker";
import { makeAndOpen } from "./making";
import { type Chosen, SourceDialog } from "./SourceDialog";

type Props = {
  project: string;
  template?: TemplateCard | null;
  /** A source that is chosen already; else it is asked for. */
  chosen?: Chosen | null;
  onClose: () => void;
};

/** From a folder, a table or arrays to a flow: choose, look over, create. */
export function FromImages({ project, template = null, chosen: given = null, onClose }: Props) {
  const [chosen, setChosen] = useState<Chosen | null>(given);
  if (!chosen) {
    return (
      <FilePicker
        title={template ? `Images for “${template.title}”` : "Open a folder of images"}
        description="A folder with a folder for each class, a table that names images, or arrays. Nothing is copied or changed."
        wanted="images"
        onChoose={(path) => setChosen({ path })}
        onClose={onClose}
      />
    );
  }
  const make = (page: "flow" | "data") => async (settings: Record<string, unknown>, source: string, name: string) => {
    const start = { source: String(settings["source"] ?? source), settings };
    await makeAndOpen(
      project,
      { ...start, ...(template ? { template: template.name } : {}), ...(name ? { name } : {}) },
      page,
    );
    onClose();
  };
  return (
    <SourceDialog
      project={project}
      chosen={template ? { ...chosen, templateTitle: template.title } : chosen}
      hasName
      verbs={[
        { words: "Create flow", act: make("flow") },
        { words: "Create and check the data", act: make("data") },
      ]}
      onOther={() => setChosen(null)}
      onClose={onClose}
    />
  );
}
