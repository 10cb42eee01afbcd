import { useQuery } from "@tanstack/react-query";
import { FolderPlus, X } from "lucide-react";
import { useState } from "react";

import { Button } from "../../kit/Button";
import { TextField } from "../../kit/Field";
import { Busy, Progress } from "../../kit/small";
import { FilePicker } from "../../panels/FilePicker";
import { askQuality } from "../../store/quality";
import css from "./domains.module.css";

type Props = { target: string; onTarget: (target: string) => void; /** What classes are called there, where that matters. */
  names?: string;
  onNames?: (names: string) => void };

/** The images of the other domain, and what its classes are called there. */
export function TargetPicker({ target, onTarget, names, onNames }: Props) {
  const [isPicking, setPicking] = useState(false);
  return (
    <>
      <TextField label="Target" value={target} placeholder="a folder, a table or sample:NAME" onChange={(event) => onTarget(event.target.value)} />
      <Button onClick={() => setPicking(true)}>
        <FolderPlus size={14} aria-hidden /> Choose…
      </Button>
      {onNames ? <TextField label="Other class names" value={names ?? ""} placeholder="target = source, …" onChange={(event) => onNames(event.target.value)} /> : null}
      {isPicking ? (
        <FilePicker
          title="Images of the target"
          wanted="images"
          description="They need no labels."
          onChoose={(path) => {
            setPicking(false);
            onTarget(path);
          }}
          onClose={() => setPicking(false)}
        />
      ) : null}
    </>
  );
}

/** How far the base's first look at the images is. */
export function Working({ project, what, onCancel }: { project: string; what: string; onCancel: () => void }) {
  const { data: told } = useQuery(askQuality.progress(project, true));
  return (
    <div className={css.working}>
      {told && told.total > 0 ? (
        <Progress share={told.done / told.total} label={`The base looks at the images: ${told.done} of ${told.total}`} />
      ) : (
        <Busy what={what} />
      )}
      <Button onClick={onCancel}>
        <X size={13} aria-hidden /> Cancel
      </Button>
    </div>
  );
}
