import { useQuery } from "@tanstack/react-query";
import { Search as SearchIcon, Square } from "lucide-react";
import { useState } from "react";

import type { SearchChoices, SearchState } from "../../../api/types";
import { Button } from "../../../kit/Button";
import { SelectField, TextField } from "../../../kit/Field";
import { Busy, Empty, Notice, Progress } from "../../../kit/small";
import { formatWhen } from "../../../model/format";
import { type Wishes, askedOf, faultOfWishes, wishesInWords } from "../../../model/searching";
import { isSearching, searchingWords } from "../../../model/tuning";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { useDoc } from "../../../store/doc";
import { askSearches, goOn, startSearch, stopSearch } from "../../../store/tuning";
import type { ViewProps } from "../../FlowViews";
import { Found } from "./Found";
import css from "./search.module.css";
import { Wanted } from "./Wanted";

const PLAIN: SearchChoices = { over: [], fixed: {}, rounds: 30, minutes: null, sampler: "tpe", prune: true, seed: 0, prior: null };

/** Search for settings: begun from the flow that is open, watched round by round. */
export default function SearchView({ project }: ViewProps) {
  const flow = useDoc((state) => state.flow);
  const list = useQuery(askSearches.list(project));
  const [chosen, setChosen] = useState<string | null>(null);
  const [rounds, setRounds] = useState("30");
  const [minutes, setMinutes] = useState("");
  const [sampler, setSampler] = useState<"tpe" | "random">("tpe");
  const [prior, setPrior] = useState("");
  const [wishes, setWishes] = useState<Wishes>({});
  const [isOpen, setOpen] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const space = useQuery(askSearches.space(project, flow, PLAIN, isOpen));
  const dimensions = space.data?.dimensions ?? [];
  const asked = askedOf(dimensions, wishes);
  const isPlain = asked.over.length === 0 && Object.keys(asked.fixed).length === 0;
  const wishFault = faultOfWishes(dimensions, wishes);
  const checked = useQuery(askSearches.space(project, flow, { ...PLAIN, ...asked }, isOpen && !isPlain && !wishFault));
  const search = chosen ?? list.data?.[0]?.id ?? null;
  const found = useQuery(askSearches.state(project, search));
  const fault = faultOf(rounds, minutes) ?? wishFault ?? (isPlain ? null : (checked.error?.message ?? null));
  const begin = async () => {
    setAsking(true);
    const id = await startSearch(project, flow, {
      ...PLAIN, ...asked, rounds: Number(rounds), minutes: minutes ? Number(minutes) : null, sampler, prior: prior.trim() || null,
    });
    setAsking(false);
    if (id) setChosen(id);
  };
  return (
    <div className={css.view}>
      <div className={css.line}>
        <p className={css.about}>
          Trains the flow as it stands, then round after round with other settings: where the base is cut, rates, decay, augmentation, epochs. Rounds are
          held against each other on the validation images; the test images wait for the one you take.
        </p>
        <TextField label="Rounds" className={css.small} inputMode="numeric" value={rounds} onChange={(event) => setRounds(event.target.value)} />
        <TextField label="Minutes, at most" className={css.small} inputMode="decimal" placeholder="no limit" value={minutes} onChange={(event) => setMinutes(event.target.value)} />
        <SelectField
          label="Suggestions"
          value={sampler}
          onChange={(event) => setSampler(event.target.value === "random" ? "random" : "tpe")}
          options={[["tpe", "learn from rounds (TPE)"], ["random", "random"]]}
        />
        <TextField label="Past tasks" value={prior} placeholder="a prior's file, a project's folder" onChange={(event) => setPrior(event.target.value)} />
        <Button look="primary" whyNot={isAsking ? "It begins." : fault} onClick={() => void begin()}>
          <SearchIcon size={14} aria-hidden /> Search
        </Button>
      </div>
      <details className={css.more} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>What is searched{dimensions.length ? `: ${wishesInWords(dimensions, wishes)}` : ""}</summary>
        <Wanted space={space.data} error={space.error} refusal={isPlain || wishFault ? null : checked.error} wishes={wishes} onWish={setWishes} onRetry={() => void space.refetch()} />
      </details>
      {isAsking ? <Busy what="Opening images and base…" /> : null}
      {list.data && list.data.length > 1 ? (
        <SelectField
          label="Search that is shown"
          value={search ?? ""}
          onChange={(event) => setChosen(event.target.value)}
          options={list.data.map((one) => [one.id, `${one.name} · ${formatWhen(one.created)} · ${one.done} of ${one.total} rounds`] as const)}
        />
      ) : null}
      {list.error ? <RefusalNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {found.error ? <RefusalNotice error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.data ? <Shown project={project} state={found.data} /> : list.data?.length === 0 ? (
        <Empty icon={<SearchIcon size={24} aria-hidden />} title="Nothing was searched yet">
          <p>A search stops and goes on at any time, also when this page or the server ends.</p>
        </Empty>
      ) : null}
    </div>
  );
}

function faultOf(rounds: string, minutes: string): string | null {
  const count = Number(rounds);
  if (!Number.isInteger(count) || count < 2) return "Rounds are a whole number, 2 or more.";
  if (minutes && !(Number(minutes) > 0)) return "Minutes are a number above 0.";
  return null;
}

function Shown({ project, state }: { project: string; state: SearchState }) {
  const goes = isSearching(state);
  const more = state.status === "finished" ? state.total + 10 : null;
  return (
    <>
      {goes ? (
        <div>
          <Progress share={state.share} label="Share of the search that is done" />
          <div className={css.line}>
            <p className={css.quiet}>{searchingWords(state)}</p>
            <Button onClick={() => void stopSearch(project, state.id)}>
              <Square size={12} aria-hidden /> Stop the search
            </Button>
          </div>
        </div>
      ) : (
        <div className={css.line}>
          {state.status === "failed" ? <Notice tone="error">{state.message ?? "The search failed."}</Notice> : null}
          {state.status === "stopped" ? <Notice tone="info">{state.message ?? "Stopped."}</Notice> : null}
          <Button onClick={() => void goOn(project, state.id, more)}>{more ? "Ten rounds more" : "Go on with the search"}</Button>
        </div>
      )}
      {state.search?.rounds.length ? <Found project={project} search={state.search} goes={goes} /> : null}
    </>
  );
}
