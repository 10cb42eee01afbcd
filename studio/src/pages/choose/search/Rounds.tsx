import type { Search, SearchRound } from "../../../api/types";
import { Badge } from "../../../kit/small";
import table from "../../../kit/table.module.css";
import { formatExact, formatSeconds } from "../../../model/format";
import { intervalWords } from "../../../model/scores";
import { markOf, settingWords } from "../../../model/tuning";
import css from "./search.module.css";

type Props = { search: Search; name: string; picked: number | null; onPick: (round: number) => void };

const ORIGINS: Record<SearchRound["origin"], string> = { default: "as it stands", advice: "as advised", edge: "end of the cuts", prior: "from past tasks", suggested: "suggested" };

/** All rounds as a table: the twin of the charts above it. */
export function Rounds({ search, name, picked, onPick }: Props) {
  return (
    <div className={css.box} tabIndex={0} role="region" aria-label="Rounds as a table">
      <table className={table.table}>
        <caption>Rounds</caption>
        <thead>
          <tr>
            <th scope="col">Round</th>
            <th scope="col">What</th>
            <th scope="col">Validation score (95 %)</th>
            <th scope="col" className={table.number}>Trained</th>
            <th scope="col" className={table.number}>Time</th>
            <th scope="col">Settings</th>
          </tr>
        </thead>
        <tbody>
          {search.rounds.map((round) => (
            <tr key={round.number} data-picked={round.number === picked || undefined}>
              <th scope="row">
                <button type="button" className={css.pick} aria-pressed={round.number === picked} onClick={() => onPick(round.number)}>
                  {round.number + 1}
                </button>
              </th>
              <td>
                <What search={search} round={round} />
              </td>
              <td>{round.score ? intervalWords(name, round.score) : "–"}</td>
              <td className={table.number}>{formatExact(round.trainable_parameters)}</td>
              <td className={table.number}>{formatSeconds(round.seconds)}</td>
              <td className={css.settings}>
                {Object.entries(round.settings)
                  .map(([key, value]) => `${key.replaceAll("_", " ")} ${settingWords(value)}`)
                  .join(" · ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function What({ search, round }: { search: Search; round: SearchRound }) {
  const mark = markOf(search, round);
  if (mark === "take") return <Badge tone="accent" title={search.why}>to take</Badge>;
  if (round.status !== "finished") return <Badge tone={round.status === "pruned" ? "plain" : "warning"} title={round.message ?? ""}>{round.status === "pruned" ? "ended early" : round.status}</Badge>;
  return mark === "front" ? <Badge tone="trainable" title="No other round is better in score, parameters and time at once.">front</Badge> : <>{ORIGINS[round.origin]}</>;
}
