import { FolderPlus, X } from "lucide-react";
import { useState } from "react";

import type { EmbeddingMap, RunView } from "../../../../api/types";
import { Button } from "../../../../kit/Button";
import { SelectField } from "../../../../kit/Field";
import { type Coloring, type Weights, colorings } from "../../../../model/embedding";
import { FilePicker } from "../../../../panels/FilePicker";
import type { MapChoice } from "../../../../store/embedding";
import css from "./map.module.css";

type Props = {
  view: RunView;
  map: EmbeddingMap | undefined;
  choice: MapChoice;
  onChoice: (choice: MapChoice) => void;
  by: Coloring;
  onBy: (by: Coloring) => void;
  weights: Weights;
  onWeights: (weights: Weights) => void;
};

/** How the map is made, and what its colors tell. */
export function MapTools({ view, map, choice, onChoice, by, onBy, weights, onWeights }: Props) {
  const [isChoosing, setChoosing] = useState(false);
  const stages = view.record?.card?.stages.map((stage): [string, string] => [stage.name, `After ${stage.name}`]) ?? [];
  return (
    <div className={css.tools}>
      <SelectField label="Color" value={by} onChange={(event) => onBy(event.target.value as Coloring)} options={map ? colorings(map) : [["label", "Label"]]} />
      <SelectField
        label="Method"
        value={choice.method}
        onChange={(event) => onChoice({ ...choice, method: event.target.value as "pca" })}
        options={[["pca", "PCA, at once"], ["umap", "UMAP"]]}
      />
      <SelectField
        label="Features"
        value={choice.at}
        onChange={(event) => onChoice({ ...choice, at: event.target.value })}
        options={[["base", "End of the base"], ["head", "Before the head"], ...stages]}
      />
      <div className={css.sides} role="group" aria-label="Weights">
        {(["pretrained", "trained"] as const).map((one) => (
          <Button key={one} aria-pressed={weights === one} whyNot={weights === one ? null : whyNotTurn(map)} onClick={() => onWeights(one)}>
            {one === "pretrained" ? "Before training" : "After training"}
          </Button>
        ))}
      </div>
      {choice.beside === null ? (
        <Button onClick={() => setChoosing(true)} tip="Images of another source, labelled or not, through the same network">
          <FolderPlus size={14} aria-hidden /> Show others beside…
        </Button>
      ) : (
        <Button onClick={() => onChoice({ ...choice, beside: null })} tip={choice.beside}>
          <X size={14} aria-hidden /> Without {choice.beside.split("/").pop()}
        </Button>
      )}
      {isChoosing ? (
        <FilePicker
          title="Images to show beside"
          wanted="images"
          description="They need no labels and change nothing."
          onChoose={(path) => {
            setChoosing(false);
            onChoice({ ...choice, beside: path });
          }}
          onClose={() => setChoosing(false)}
        />
      ) : null}
    </div>
  );
}

/** Why the other side of training cannot be shown, or null. */
function whyNotTurn(map: EmbeddingMap | undefined): string | null {
  if (!map) return "The map is being made.";
  if (map.is_unmoved) return "Training did not change these features: before and after are the same map.";
  if (map.sides.length < 2) return map.notes[0] ?? "There is only one set of weights.";
  return null;
}
