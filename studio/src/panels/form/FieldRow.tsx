import { RotateCcw } from "lucide-react";
import { type ReactNode, memo, useId } from "react";

import type { Problem, Proposal } from "../../api/types";
import { IconButton } from "../../kit/Button";
import { type Field, isSame, valueWords } from "../../model/form";
import { ProposalLine } from "../Proposals";
import { Control } from "./Control";
import css from "./form.module.css";

type Props = {
  field: Field;
  value: unknown;
  problems: readonly Problem[];
  proposals: readonly Proposal[];
  /** Further ways to set it, beside or below the control. */
  extra?: ReactNode;
  onSet: (name: string, value: unknown) => void;
};

/** A setting: name, control, what is wrong, what is suggested, help and default. */
export const FieldRow = memo(function FieldRow({ field, value, problems, proposals, extra, onSet }: Props) {
  const id = useId();
  const shown = value === undefined ? field.fallback : value;
  const isChanged = !field.isRequired && !isSame(shown, field.fallback);
  const commit = (next: unknown) => onSet(field.name, next);
  const describedBy = [`${id}-help`, problems.length ? `${id}-problems` : ""].filter(Boolean).join(" ");
  const control = (
    <Control
      id={id}
      label={field.label}
      shape={field.shape}
      value={shown}
      emptyWords={field.canBeEmpty ? field.emptyWords : null}
      describedBy={describedBy}
      isInvalid={problems.some((problem) => problem.level === "error")}
      onCommit={commit}
    />
  );
  const isFlag = field.shape.kind === "flag";
  return (
    <div className={css.row} data-setting={field.name}>
      <div className={css.head}>
        {isFlag ? (
          <span className={css.flag}>
            {control}
            <label htmlFor={id}>{field.label}</label>
          </span>
        ) : (
          <label htmlFor={id}>{field.label}</label>
        )}
        {isChanged ? (
          <>
            <span className={css.dot} role="img" aria-label="Changed" title={`The default is ${valueWords(field.fallback)}.`} />
            <IconButton
              label={`Reset ${field.label.toLowerCase()} to default: ${valueWords(field.fallback)}`}
              className={css.reset ?? ""}
              onClick={() => commit(undefined)}
            >
              <RotateCcw size={13} />
            </IconButton>
          </>
        ) : null}
      </div>
      {isFlag ? null : control}
      {extra}
      {problems.length ? (
        <div id={`${id}-problems`}>
          {problems.map((problem) => (
            <p key={problem.message} className={problem.level === "error" ? css.fault : css.warning}>
              {problem.level === "warning" ? "Warning: " : ""}
              {problem.message} {problem.hint}
            </p>
          ))}
        </div>
      ) : null}
      {proposals.map((proposal) => (
        <ProposalLine key={proposal.reason} proposal={proposal} />
      ))}
      <p id={`${id}-help`} className={css.help}>
        {field.help}{" "}
        <span className={css.default}>{field.isRequired ? "Required." : `Default: ${valueWords(field.fallback)}.`}</span>
      </p>
    </div>
  );
});
