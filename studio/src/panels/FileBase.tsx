import { FolderOpen } from "lucide-react";
import { useState } from "react";

import { Button } from "../kit/Button";
import { TextField } from "../kit/Field";
import { Notice } from "../kit/small";
import { FilePicker } from "./FilePicker";
import css from "./pickers.module.css";

/** A base from a file of weights: the file, and the architecture that they belong to. */
export function FileBase({ onChoose }: { onChoose: (id: string) => void }) {
  const [path, setPath] = useState("");
  const [architecture, setArchitecture] = useState("");
  const [isPicking, setIsPicking] = useState(false);
  const isWhole = /\.(keras|pt2)$/i.test(path);
  const whyNot = !path
    ? "Choose a file of weights first."
    : !architecture.trim() && !isWhole
      ? "Name the architecture that these weights belong to."
      : null;
  return (
    <div className={css.upload}>
      <div className={css.find}>
        <TextField
          label="File of weights"
          value={path}
          placeholder="/home/me/model.safetensors"
          spellCheck={false}
          onChange={(event) => setPath(event.target.value)}
        />
        <Button onClick={() => setIsPicking(true)} style={{ alignSelf: "end" }}>
          <FolderOpen size={14} aria-hidden /> Browse…
        </Button>
      </div>
      <TextField
        label="Architecture"
        value={architecture}
        placeholder="timm:resnet18"
        help="The base whose weights these are, without its own weights: timm:resnet18, torchvision:resnet50 … Files that hold a whole model need none."
        spellCheck={false}
        onChange={(event) => setArchitecture(event.target.value)}
      />
      <Notice tone="info">Weights are read safely: a file that would run code is refused.</Notice>
      <div className={css.foot}>
        <Button
          look="primary"
          whyNot={whyNot}
          onClick={() => onChoose(`file:${path}${architecture.trim() ? `@${architecture.trim()}` : ""}`)}
        >
          Use this file
        </Button>
      </div>
      {isPicking ? (
        <FilePicker
          title="Choose a file of weights"
          wanted="weights"
          onChoose={(chosen) => {
            setPath(chosen);
            setIsPicking(false);
          }}
          onClose={() => setIsPicking(false)}
        />
      ) : null}
    </div>
  );
}
