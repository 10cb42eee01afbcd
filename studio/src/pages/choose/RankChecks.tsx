import { FlaskConical } from "lucide-react";

import type { RankCheck, Ranking, RankMeasure } from "../../api/types";
import { Bars } from "../../charts/Bars";
import { Button } from "../../kit/Button";
import { formatPlural } from "../../model/format";
import { chanceWords, shortName, wordsOf } from "../../model/ranking";
import { scoreWords, showScore } from "../../model/told";
import { useDoc } from "../../store/doc";
import { checkRanking, type RankingNow } from "../../store/ranking";
import { useRoute } from "../../store/route";
import { Card } from "../run/Card";
import css from "./bases.module.css";

type Props = { project: string; now: RankingNow; by: RankMeasure };

/** What training gave on the ranked bases, and how well each measure had told it before. */
export function RankChecks({ project, now, by }: Props) {
  const flow = useDoc((state) => state.flow);
  const ranking = now.ranking!;
  const missing = now.numUnchecked;
  const whyNot = now.isGoing ? "Bases are being measured." : missing === 0 ? "Each ranked base has such a run." : null;
  return (
    <Card
      title="Was the ranking right?"
      aside={
        <Button whyNot={whyNot} tip="Runs like any other, on the same images; they read the features that the ranking stored" onClick={() => void checkRanking(project, flow)}>
          <FlaskConical size={13} aria-hidden /> {missing ? `Train the head on ${formatPlural(missing, "base")} to check` : "All are trained"}
        </Button>
      }
    >
      {ranking.checks.length ? (
        ranking.checks.map((check) => <Check key={check.strategy} project={project} check={check} ranking={ranking} by={by} />)
      ) : (
        <p className={css.quiet}>No run on these images used a ranked base yet. Training the head alone on each says what the ranking is worth, in seconds a base.</p>
      )}
    </Card>
  );
}

function Check({ project, check, ranking, by }: { project: string; check: RankCheck; ranking: Ranking; by: RankMeasure }) {
  const go = useRoute((state) => state.go);
  const name = check.score_name;
  const agreements = [...check.agreements].sort((a, b) => Number(b.measure === by) - Number(a.measure === by));
  const bars = check.bases.map((one) => ({
    key: one.base,
    label: (
      <button type="button" className={css.link} title={one.base} onClick={() => go({ page: "run", project, run: one.runs[0] ?? "", tab: "overview" })}>
        {shortName(one.base)}
      </button>
    ),
    value: one.score,
    text: `${showScore(name, one.score)}${one.runs.length > 1 ? ` (${one.runs.length} runs)` : ""}`,
  }));
  return (
    <section className={css.check} aria-label={check.strategy}>
      <h3>{`${check.strategy.replaceAll("_", " ")}: ${scoreWords(name).toLowerCase()} on the ${check.split} images`}</h3>
      <p>{check.verdict}</p>
      <Bars title="What training gave" bars={bars} most={1} />
      <div className={css.scroll} tabIndex={0} role="region" aria-label="How well each measure agreed">
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Measure</th>
              <th scope="col">Would have chosen</th>
              <th scope="col" className={css.number}>Lost by it</th>
              <th scope="col" className={css.number}>Bases</th>
              <th scope="col" className={css.number}>Rank correlation</th>
              <th scope="col" className={css.number}>Weighted τ</th>
              <th scope="col" className={css.number}>Spearman</th>
            </tr>
          </thead>
          <tbody>
            {agreements.map((one) => (
              <tr key={one.measure}>
                <th scope="row">{wordsOf(ranking, one.measure)}</th>
                <td title={one.pick}>{shortName(one.pick)}</td>
                <td className={css.number}>{`${(100 * one.lost).toFixed(1)} points`}</td>
                <td className={css.number}>{one.num}</td>
                <td className={css.number}>{chanceWords(one.kendall, one.kendall_chance)}</td>
                <td className={css.number}>{one.weighted?.toFixed(2).replace("-", "−") ?? "—"}</td>
                <td className={css.number}>{one.spearman?.toFixed(2).replace("-", "−") ?? "—"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
