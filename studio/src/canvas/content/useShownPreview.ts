import { keepPreviousData, useQuery } from "@tanstack/react-query";

import type { PreviewDocument } from "../../api/types";
import { splitKey, useDoc, useOpen } from "../../store/doc";
import { type PreviewChoice, askPreview } from "../../store/previews";

/**
 * Return a preview apart from the queue: another output or stage, one channel, other weights.
 * `base` is the node's own preview; where the choice asks for nothing else, it is the answer.
 */
export function useShownPreview(
  node: string,
  base: PreviewDocument | null,
  choice: PreviewChoice,
  isOwn: boolean,
): { document: PreviewDocument | null; error: Error | null; isBusy: boolean } {
  const project = useOpen((state) => (state.active ? splitKey(state.active).project : ""));
  const flow = useDoc((state) => state.flow);
  const samples = base?.samples.map((sample) => sample.key) ?? [];
  const found = useQuery({
    queryKey: ["preview", project, node, base?.fingerprint ?? "", base?.weights ?? "", samples, choice],
    queryFn: ({ signal }) => askPreview(project, flow, node, { ...choice, samples }, signal),
    enabled: !isOwn && base !== null && samples.length > 0,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
    retry: false,
  });
  if (isOwn) return { document: base, error: null, isBusy: false };
  return { document: found.data ?? base, error: found.error, isBusy: found.isFetching };
}
