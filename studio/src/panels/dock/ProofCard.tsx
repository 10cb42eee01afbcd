import { useQuery } from "@tanstack/react-query";
import { Flame, ShieldAlert, ShieldCheck, Snowflake, TrendingUp } from "lucide-react";

import type { Proof } from "../../api/types";
import { frozenWords, gainWords, proofHolds, trainableWords } from "../../model/proof_words";
import { askRun } from "../../store/predictions";
import css from "./results.module.css";

type Props = { project: string; run: string; proof: Proof | null; isEnded: boolean };

/** What stayed frozen, what moved, and what transfer gave: in words, with the digests. */
export function ProofCard({ project, run, proof, isEnded }: Props) {
  const controls = useQuery({ ...askRun.controls(project, run), enabled: isEnded });
  if (!proof) {
    return (
      <section className={css.card} aria-label="Proof">
        <h2>Proof</h2>
        <p className={css.quiet}>
          {isEnded ? "The run has no proof: it did not come to an end." : "When the run ends, this card proves what stayed frozen and what moved."}
        </p>
      </section>
    );
  }
  const holds = proofHolds(proof);
  const gain = gainWords(controls.data);
  return (
    <section className={css.card} data-tone={holds ? "ok" : "error"} aria-label="Proof">
      <h2 className={css.cardTitle}>
        {holds ? <ShieldCheck size={17} className={css.ok} aria-hidden /> : <ShieldAlert size={17} className={css.bad} aria-hidden />}
        {holds ? "The proof holds" : "The proof fails"}
      </h2>
      <ul className={css.proof}>
        <li>
          <Snowflake size={14} className={css.frozen} aria-hidden /> {frozenWords(proof)}
        </li>
        <li>
          <Flame size={14} className={css.trainable} aria-hidden /> {trainableWords(proof)}
        </li>
        <li>
          <TrendingUp size={14} className={css.accent} aria-hidden />
          {(gain && gain.charAt(0).toUpperCase() + gain.slice(1)) ?? (controls.data?.reason || "What transfer gave is known once its control, from scratch, has run.")}
        </li>
        {proof.not_started > 0 ? <li>{proof.not_started} tensors of later phases had not begun when the run was stopped.</li> : null}
      </ul>
      {holds ? null : (
        <p className={css.bad}>
          {proof.frozen_unchanged
            ? "A trainable part that does not move was not trained: look whether a loss reaches it, and at its learning rate."
            : "Something that was to stay frozen changed. Do not use this run; please report it with its folder."}
        </p>
      )}
      <dl className={css.digests}>
        <dt>Frozen, before</dt>
        <dd className="mono">{proof.frozen_digest_before}</dd>
        <dt>Frozen, after</dt>
        <dd className="mono">{proof.frozen_digest_after}</dd>
        <dt>All weights</dt>
        <dd className="mono">{proof.weights_digest}</dd>
      </dl>
    </section>
  );
}
