import { Suspense, useEffect, useState } from "react";

import type { FlowFile } from "../api/types";
import { lazily } from "../kit/lazily";
import { Busy } from "../kit/small";
import { RefusalNotice } from "../panels/RefusalNotice";
import { useChecking } from "../store/checking";
import { activate, docKey, useOpen } from "../store/doc";
import { openFlow } from "../store/saving";
import { useView } from "../store/view";
import css from "./flow/FlowPage.module.css";
import { FlowTabs } from "./flow/FlowTabs";
import { Workspace } from "./flow/Workspace";

const Banners = lazily(() => import("./flow/Banners").then((file) => ({ default: file.Banners })));
const BrokenFlow = lazily(() => import("./flow/BrokenFlow").then((file) => ({ default: file.BrokenFlow })));

/** A flow on its canvas, with everything around it. */
export default function FlowPage({ project, flow }: { project: string; flow: string }) {
  const key = docKey(project, flow);
  const { error, broken, again } = useOpening(project, flow);
  const isOpen = useOpen((state) => state.docs[key] !== undefined && state.active === key);
  useChecking();
  return (
    <div className={css.page}>
      <FlowTabs project={project} flow={flow} />
      <Suspense fallback={null}>{isOpen ? <Banners project={project} flow={flow} /> : null}</Suspense>
      <div className={css.body}>
        {isOpen ? (
          <Workspace />
        ) : error ? (
          <div className={css.middle}>
            <RefusalNotice error={error} onRetry={again} />
          </div>
        ) : broken ? (
          <Suspense fallback={null}>
            <BrokenFlow project={project} file={broken} onRead={again} />
          </Suspense>
        ) : (
          <div className={css.middle}>
            <Busy what={`Opening ${flow}…`} />
          </div>
        )}
      </div>
    </div>
  );
}

/** Open the flow and make it the active one. */
function useOpening(project: string, flow: string) {
  const [error, setError] = useState<Error | null>(null);
  const [broken, setBroken] = useState<FlowFile | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const key = docKey(project, flow);
    let isGone = false;
    if (useOpen.getState().active !== key) {
      useView.getState().select([]);
      activate(useOpen.getState().docs[key] ? key : null);
    }
    openFlow(project, flow).then(
      (file) => {
        if (isGone) return;
        const isOpen = useOpen.getState().docs[key] !== undefined;
        setError(null);
        setBroken(isOpen ? null : file);
        if (isOpen) activate(key);
      },
      (reason: unknown) => {
        if (!isGone && !useOpen.getState().docs[key]) setError(reason instanceof Error ? reason : new Error(String(reason)));
      },
    );
    return () => {
      isGone = true;
    };
  }, [project, flow, tries]);
  return { error, broken, again: () => setTries((count) => count + 1) };
}
