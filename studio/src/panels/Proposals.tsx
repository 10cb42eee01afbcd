import { Sparkles } from "lucide-react";

import type { Proposal } from "../api/types";
import { Button } from "../kit/Button";
import { setSettings } from "../model/edits";
import { editWords, valueWords } from "../model/form";
import { edit } from "../store/doc";
import { say } from "../store/toast";
import css from "./form/form.module.css";

/** Do what is suggested, as one edit. */
export function applyProposals(proposals: readonly Proposal[]): void {
  const [first] = proposals;
  if (!first) return;
  const label =
    proposals.length === 1
      ? editWords(first.setting, first.node, first.value)
      : `Apply ${proposals.length} suggestions`;
  edit(label, (flow) =>
    proposals.reduce((next, { node, setting, value }) => setSettings(next, node, { [setting]: value }), flow),
  );
  say(label, { tone: "ok" });
}

/** A value that would fit better, and why. */
export function ProposalLine({ proposal, showsNode = false }: { proposal: Proposal; showsNode?: boolean }) {
  const where = showsNode ? ` for ${proposal.setting.replaceAll("_", " ")} of ${proposal.node}` : "";
  return (
    <div className={css.proposal}>
      <Sparkles size={14} aria-hidden />
      <span>
        Suggested{where}: <strong>{valueWords(proposal.value)}</strong>. {proposal.reason}
      </span>
      <Button onClick={() => applyProposals([proposal])} aria-label={`Apply: ${proposal.setting} ${valueWords(proposal.value)}`}>
        Apply
      </Button>
    </div>
  );
}

/** Take over all that is suggested at once. */
export function ApplyAll({ proposals }: { proposals: readonly Proposal[] }) {
  if (proposals.length < 2) return null;
  return <Button onClick={() => applyProposals(proposals)}>Apply all {proposals.length}</Button>;
}
