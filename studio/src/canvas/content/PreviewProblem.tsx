import { TriangleAlert } from "lucide-react";

import { splitKey, useOpen } from "../../store/doc";
import { retryPreviews, type PreviewError } from "../../store/previews";
import { useRoute } from "../../store/route";
import { useView } from "../../store/view";
import css from "./content.module.css";

type Props = { node: string; error: PreviewError; isNotLoaded: boolean };

/** Why there is no preview: what is missing, what failed, at which line of the code. */
export function PreviewProblem({ node, error, isNotLoaded }: Props) {
  const focusNode = useView((state) => state.focusNode);
  const active = useOpen((state) => state.active);
  const go = useRoute((state) => state.go);
  const first = error.message.split("\n")[0] ?? error.message;
  const { line } = error;
  const text = line === null || first.toLowerCase().includes(`line ${line}`) ? first : `line ${line}: ${first}`;
  return (
    <div className={[css.problem, "nodrag"].join(" ")} data-tone={isNotLoaded ? "hatch" : "error"} role="note">
      {line === null ? (
        <span>
          <TriangleAlert size={12} aria-hidden /> {isNotLoaded && error.kind === "NotTrusted" ? "Trust this project to run its code." : text}
        </span>
      ) : (
        <button type="button" className={css.jump} onClick={() => focusNode(node, null, line)}>
          {text}
        </button>
      )}
      {error.hint && error.kind !== "NotTrusted" ? <p>{error.hint}</p> : null}
      {error.kind === "DataError" && active ? (
        <button type="button" className={css.jump} onClick={() => go({ page: "data", ...splitKey(active) })}>
          Look at the data
        </button>
      ) : null}
      {error.isProblem ? null : error.kind === "NotTrusted" ? (
        <button type="button" className={css.jump} onClick={() => focusNode(node, "code")}>
          Read the code
        </button>
      ) : (
        <button type="button" className={css.jump} onClick={() => retryPreviews(node)}>
          Try again
        </button>
      )}
    </div>
  );
}
