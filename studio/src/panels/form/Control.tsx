import { isOneLine } from "../../model/form";
import { ChoiceInput } from "./ChoiceInput";
import { EitherInput } from "./EitherInput";
import { JsonInput } from "./JsonInput";
import { LineInput } from "./LineInput";
import { ListInput } from "./ListInput";
import { MapInput } from "./MapInput";
import { RecordInput } from "./RecordInput";
import { type ControlProps, named } from "./control";

/** The control that fits what a value may be. */
export function Control(props: ControlProps) {
  const { shape } = props;
  if (isOneLine(shape)) return <LineInput {...props} />;
  switch (shape.kind) {
    case "flag":
      return (
        <input
          type="checkbox"
          {...named(props)}
          checked={props.value === true}
          onChange={(event) => props.onCommit(event.target.checked)}
        />
      );
    case "choice":
      return <ChoiceInput {...props} shape={shape} />;
    case "list":
      return <ListInput {...props} shape={shape} />;
    case "map":
      return <MapInput {...props} shape={shape} />;
    case "either":
      return <EitherInput {...props} shape={shape} />;
    case "record":
      return <RecordInput {...props} shape={shape} />;
    default:
      return <JsonInput {...props} />;
  }
}
