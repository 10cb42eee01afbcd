import { Soup } from "lucide-react";
import { useState } from "react";

import type { RunCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { SelectField } from "../../kit/Field";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { type SoupKind, useSoup } from "../../store/averaging";
import { useRoute } from "../../store/route";
import css from "./runs.module.css";

const KINDS: [SoupKind, string][] = [
  ["greedy", "Keep what helps on validation"],
  ["uniform", "All in equal shares"],
];

/** Average the weights of the chosen runs into one. */
export function AverageBar({ project, runs }: { project: string; runs: readonly RunCard[] }) {
  const [kind, setKind] = useState<SoupKind>("greedy");
  const { isBusy, make, made, error } = useSoup(project, runs.map((run) => run.id));
  const go = useRoute((state) => state.go);
  const without = runs.find((run) => run.status !== "finished" && run.status !== "stopped");
  const whyNot = isBusy ? "They are being averaged." : without ? `The run ${without.name ?? without.id} has no trained weights yet.` : null;
  return (
    <section className={css.runs} aria-label="Average weights">
      <div className={css.tools}>
        <SelectField label="Average the weights of these runs" value={kind} onChange={(event) => setKind(event.target.value as SoupKind)} options={KINDS} />
        <Button tip="One run out of several that began in the same place, on the same images" whyNot={whyNot} onClick={() => make(kind)}>
          <Soup size={14} aria-hidden /> {isBusy ? "Averaging…" : "Average weights"}
        </Button>
        {made ? (
          <Button look="ghost" onClick={() => go({ page: "run", project, run: made.id, tab: "overview" })}>
            Open {made.name ?? made.id}
          </Button>
        ) : null}
        <span className={css.quiet}>The mean becomes a run of its own; it costs no training.</span>
      </div>
      {error ? <RefusalNotice error={error} onRetry={() => make(kind)} /> : null}
    </section>
  );
}
