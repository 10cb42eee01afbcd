import { Refusal } from "../../api/client";
import { Button } from "../../kit/Button";
import css from "./base.module.css";

/** A base that did not open: a hatched field with the reason and the next step. */
export function NotOpened({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const isCode = error instanceof Refusal && error.kind === "NotTrusted";
  const hint = error instanceof Refusal && !isCode ? error.hint : null;
  return (
    <div className={[css.notOpened, "nodrag"].join(" ")} role="note">
      <div>
        <strong>Not loaded</strong>
        <p>{isCode ? "Trust this project to run its code." : error.message}</p>
        {hint ? <p className={css.hint}>{hint}</p> : null}
        {isCode ? null : <Button onClick={onRetry}>Try again</Button>}
      </div>
    </div>
  );
}
