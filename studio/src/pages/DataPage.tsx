import { ImageOff } from "lucide-react";

import { Button } from "../kit/Button";
import { Busy, Empty, Notice } from "../kit/small";
import { RefusalNotice } from "../panels/RefusalNotice";
import { useChecking } from "../store/checking";
import { useRoute } from "../store/route";
import css from "./data/data.module.css";
import { DataBody } from "./data/DataBody";
import { useIsActive, useOpened } from "./data/open";

/** The data of a flow: where it comes from, its classes and images, what is wrong with them, and corrections. */
export default function DataPage({ project, flow }: { project: string; flow: string }) {
  const { file, error, retry } = useOpened(project, flow);
  const isActive = useIsActive(project, flow);
  const go = useRoute((state) => state.go);
  useChecking();
  if (error) {
    return (
      <div className={css.alone}>
        <RefusalNotice error={error} onRetry={retry} />
      </div>
    );
  }
  if (file && !file.flow) {
    return (
      <div className={css.alone}>
        <Notice tone="error" actions={<Button onClick={() => go({ page: "flow", project, flow })}>Open its text</Button>}>
          <strong>The file of this flow does not read as a flow, so its data cannot be shown.</strong>
          {file.problems.map((problem) => (
            <div key={problem}>{problem}</div>
          ))}
        </Notice>
      </div>
    );
  }
  if (!file || !isActive) return <div className={css.alone}><Busy what="Opening the flow…" /></div>;
  return <DataBody project={project} name={flow} none={<NoImages onBack={() => go({ page: "flow", project, flow })} />} />;
}

function NoImages({ onBack }: { onBack: () => void }) {
  return (
    <Empty icon={<ImageOff size={24} aria-hidden />} title="This flow reads no images">
      <p>Add an Images node to it; its images are then shown here.</p>
      <Button onClick={onBack}>Back to the flow</Button>
    </Empty>
  );
}
