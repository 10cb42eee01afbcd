import { FileText, ScanSearch } from "lucide-react";

import type { RunView } from "../../api/types";
import { Button } from "../../kit/Button";
import { Busy, Notice } from "../../kit/small";
import { reportAddress } from "../../model/reports";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { openBeside, useFullReport } from "../../store/reports";
import { Card } from "./Card";
import css from "./run.module.css";

/** The report of a run, as it is, and written anew with looks inside. */
export function ReportCard({ project, view, isEnded }: { project: string; view: RunView; isEnded: boolean }) {
  const full = useFullReport(project, view.card.id);
  const open = () => openBeside(reportAddress(project, view.card.id));
  const whyNot = !isEnded ? "The report is written when the run ends." : null;
  return (
    <Card title="Report">
      <p>
        One HTML file that stands alone: scores, curves, mistakes, proof, environment. It needs no server and can be mailed or printed. The full
        report looks inside first: calibration and slices, where the evidence lies in the worst mistakes, depth, drift, the map, doubtful labels.
        A learning curve is in it where one was measured.
      </p>
      <div className={css.actions}>
        <Button whyNot={whyNot} onClick={open}>
          <FileText size={14} aria-hidden /> Open the report
        </Button>
        <Button whyNot={whyNot ?? (full.isWriting ? "It is being written." : null)} onClick={full.write}>
          <ScanSearch size={14} aria-hidden /> Write the full report
        </Button>
        {full.isWriting ? <Busy what="Looking inside and writing… This page may be left." /> : null}
      </div>
      {full.error ? <RefusalNotice error={full.error} onRetry={full.write} /> : null}
      {full.isWritten && !full.isWriting ? <Notice tone="ok">The full report is written: Open the report shows it.</Notice> : null}
    </Card>
  );
}
