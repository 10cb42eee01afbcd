import { useState } from "react";

import type { TemplateCard } from "../../api/types";
import { Modal } from "../../kit/Modal";
import { FromImages } from "../start/FromImages";
import { RunChoice } from "../start/RunChoice";
import { Templates } from "../start/Templates";

type Props = { project: string; onClose: () => void };


/** Choose a template for a new flow of the project. */
export function NewFromTemplate({ project, onClose }: Props) {
  const [data, setData] = useState<TemplateCard | null>(null);
  const [run, setRun] = useState<TemplateCard | null>(null);
  if (data) return <FromImages project={project} template={data} onClose={onClose} />;
  if (run) return <RunChoice project={project} template={run} onClose={onClose} />;
  return (
    <Modal isOpen isWide title="New flow from a template" description="Those that are ready run at once on embedded images." onClose={onClose}>
      <Templates project={project} onNeedProject={onClose} onWantData={setData} onWantRun={setRun} />
    </Modal>
  );
}
