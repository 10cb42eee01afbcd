import { useMutation } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import type { Propagation } from "../../../api/types";
import { Button } from "../../../kit/Button";
import { SelectField } from "../../../kit/Field";
import kit from "../../../kit/kit.module.css";
import { Notice } from "../../../kit/small";
import table from "../../../kit/table.module.css";
import { formatPercent } from "../../../model/format";
import { useRoute } from "../../../store/route";
import { sayError } from "../../../store/toast";
import { type LabelsQuestion, makeLabelledFlow } from "../../../store/weighing";
import { Thumbnail } from "../../data/Thumbnail";
import { Card } from "../../run/Card";
import css from "../domains.module.css";

type Props = { project: string; question: LabelsQuestion; found: Propagation };

const REJECTED = "";
const PAGE = 60;

/** Proposed labels: accepted above a confidence, rejected or changed one by one. */
export function Passed({ project, question, found }: Props) {
  const [least, setLeast] = useState("0.9");
  const [own, setOwn] = useState<Readonly<Record<string, string>>>({});
  const [shown, setShown] = useState(PAGE);
  const go = useRoute((state) => state.go);
  const labelOf = (image: Propagation["images"][number]) => own[image.key] ?? (image.label && image.confidence >= Number(least) ? image.label : REJECTED);
  const accepted = useMemo(
    () =>
      found.images.flatMap((image) => {
        const label = own[image.key] ?? (image.label && image.confidence >= Number(least) ? image.label : REJECTED);
        return label ? [{ key: image.key, label }] : [];
      }),
    [found, own, least],
  );
  const making = useMutation({
    mutationFn: () => makeLabelledFlow(project, question, accepted),
    onSuccess: (flow) => go({ page: "flow", project, flow }),
    onError: sayError,
  });
  return (
    <>
      <Card title="What a confidence is worth">
        <p>{found.words}</p>
        {(found.notes ?? []).map((note) => (
          <Notice key={note} tone="info">
            {note}
          </Notice>
        ))}
        {found.levels.length ? <Levels found={found} /> : null}
      </Card>
      <Card
        title={`${accepted.length} of ${found.images.length} labels are accepted`}
        aside={
          <Button look="primary" whyNot={making.isPending ? "The flow is being made." : accepted.length ? null : "Accept some labels first."} onClick={() => making.mutate()}>
            Make a flow with them
          </Button>
        }
      >
        <SelectField
          label="Accept from a confidence of"
          value={least}
          options={["0", "0.5", "0.7", "0.8", "0.9", "0.95", "1.1"].map((value) => [value, value === "1.1" ? "none" : value] as const)}
          onChange={(event) => setLeast(event.target.value)}
        />
        <ul className={css.strip} aria-label="Proposed labels">
          {found.images.slice(0, shown).map((image) => (
            <li key={image.key} title={image.key}>
              <Thumbnail project={project} settings={{ source: found.unlabelled }} row={image} pixels={104} alt={image.key} />
              <span>{`${image.label ?? "no label"}, ${image.confidence.toFixed(2)}`}</span>
              <select
                className={[kit.input, css.tight].join(" ")}
                aria-label={`Label of ${image.key}`}
                value={labelOf(image)}
                onChange={(event) => setOwn({ ...own, [image.key]: event.target.value })}
              >
                <option value={REJECTED}>rejected</option>
                {found.classes.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </li>
          ))}
        </ul>
        {shown < found.images.length ? <Button onClick={() => setShown(shown + PAGE)}>{`Show ${Math.min(PAGE, found.images.length - shown)} more`}</Button> : null}
      </Card>
    </>
  );
}

function Levels({ found }: { found: Propagation }) {
  return (
    <table className={table.table} aria-label="What a confidence is worth">
      <thead>
        <tr>
          <th scope="col">Confidence</th>
          <th scope="col">Right, of hidden labels</th>
          <th scope="col">Share of them</th>
          <th scope="col">Images</th>
        </tr>
      </thead>
      <tbody>
        {found.levels.map((level) => (
          <tr key={level.at_least}>
            <th scope="row">≥ {level.at_least}</th>
            <td>{level.accuracy ? `${formatPercent(level.accuracy.value)} (${formatPercent(level.accuracy.low)} to ${formatPercent(level.accuracy.high)})` : "–"}</td>
            <td>{formatPercent(level.coverage, 0)}</td>
            <td>{level.num_images}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
