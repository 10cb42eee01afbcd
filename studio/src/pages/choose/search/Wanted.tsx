import type { SearchDimension, SearchSpace } from "../../../api/types";
import { SelectField, TextField } from "../../../kit/Field";
import { Busy } from "../../../kit/small";
import { type Way, type Wish, type Wishes, USUAL, WAYS, faultOfWish, usualWords } from "../../../model/searching";
import { settingWords } from "../../../model/tuning";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import css from "./wanted.module.css";

type Props = {
  space: SearchSpace | undefined;
  error: Error | null;
  /** Why the server would refuse what is filled in. */
  refusal: Error | null;
  wishes: Wishes;
  onWish: (wishes: Wishes) => void;
  onRetry: () => void;
};

/** Which settings a search sets, in what ranges, and which are fixed: one line each, as the flow has them. */
export function Wanted({ space, error, refusal, wishes, onWish, onRetry }: Props) {
  if (error) return <RefusalNotice error={error} onRetry={onRetry} />;
  if (!space) return <Busy what="Looking at what this flow's base and recipe can set…" />;
  const idle = Object.entries(space.idle);
  return (
    <div className={css.wanted}>
      <ul className={css.list} aria-label="Settings of the search">
        {space.dimensions.map((dimension) => (
          <Line key={dimension.name} dimension={dimension} wish={wishes[dimension.name] ?? USUAL} onWish={(wish) => onWish({ ...wishes, [dimension.name]: wish })} />
        ))}
      </ul>
      {idle.length ? <p className={css.quiet}>Left out: {idle.map(([, why]) => why).join(" ")}</p> : null}
      {refusal ? <RefusalNotice error={refusal} /> : null}
    </div>
  );
}

type LineProps = { dimension: SearchDimension; wish: Wish; onWish: (wish: Wish) => void };

function Line({ dimension, wish, onWish }: LineProps) {
  const name = dimension.name.replaceAll("_", " ");
  const { own } = usualWords(dimension);
  return (
    <li className={css.line} data-way={wish.way}>
      <div className={css.about}>
        <strong>{name}</strong> <span className={css.quiet}>now {own}</span>
        <p className={css.quiet}>{dimension.reason}</p>
      </div>
      <SelectField label={`What to do with ${name}`} className={css.way} value={wish.way} onChange={(event) => onWish({ ...wish, way: event.target.value as Way })} options={WAYS} />
      <div className={css.value}>
        {wish.way === "search" ? <Range dimension={dimension} name={name} wish={wish} onWish={onWish} /> : null}
        {wish.way === "fix" ? <Fixed dimension={dimension} name={name} wish={wish} onWish={onWish} /> : null}
      </div>
    </li>
  );
}

type PartProps = LineProps & { name: string };

function Range({ dimension, name, wish, onWish }: PartProps) {
  const fault = faultOfWish(dimension, wish);
  if (dimension.values.length) {
    const isOn = (value: string) => wish.values.length === 0 || wish.values.includes(value);
    const turn = (value: string) => {
      const values = dimension.values.filter((one) => (one === value ? !isOn(one) : isOn(one)));
      onWish({ ...wish, values: values.length === dimension.values.length ? [] : values.length ? values : [value] });
    };
    return (
      <fieldset className={css.values}>
        <legend>Values of {name}</legend>
        {dimension.values.map((value) => (
          <label key={value}>
            <input type="checkbox" checked={isOn(value)} disabled={value === dimension.own} onChange={() => turn(value)} />
            {settingWords(value)}
          </label>
        ))}
        {fault ? <span className={css.fault} role="alert">{fault}</span> : null}
      </fieldset>
    );
  }
  const { range } = usualWords(dimension);
  const unit = dimension.is_factor ? "of the usual rate; what you fill in is the rate itself" : "";
  return (
    <div className={css.ends}>
      <TextField label={`Lowest ${name}`} className={css.end} inputMode="decimal" placeholder="usual" value={wish.low} error={fault} onChange={(event) => onWish({ ...wish, low: event.target.value })} />
      <TextField label={`Highest ${name}`} className={css.end} inputMode="decimal" placeholder="usual" value={wish.high} onChange={(event) => onWish({ ...wish, high: event.target.value })} />
      <span className={css.quiet}>usual: {range} {unit}</span>
    </div>
  );
}

function Fixed({ dimension, name, wish, onWish }: PartProps) {
  const error = faultOfWish(dimension, wish);
  const set = (fixed: string) => onWish({ ...wish, fixed });
  if (!dimension.values.length) return <TextField label={`Value of ${name}`} className={css.end} inputMode="decimal" value={wish.fixed} error={error} onChange={(event) => set(event.target.value)} />;
  return (
    <SelectField label={`Value of ${name}`} value={wish.fixed} error={error} onChange={(event) => set(event.target.value)} options={[["", "choose…"], ...dimension.values.map((value) => [value, settingWords(value)] as const)]} />
  );
}
