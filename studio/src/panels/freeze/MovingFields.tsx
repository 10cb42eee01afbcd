import { TextField, SelectField } from "../../kit/Field";
import { nodeOf, setSettings } from "../../model/edits";
import { edit, useDoc } from "../../store/doc";

const MOVING = [
  ["all", "All parameters"],
  ["norm", "Normalization layers only"],
  ["bias", "Biases only (BitFit)"],
  ["lora", "Low-rank changes (LoRA)"],
] as const;

const HELP: Record<string, string> = {
  all: "All of a free stage is retrained.",
  norm: "Weights and biases of normalization layers; all else stays.",
  bias: "Every bias; all else stays.",
  lora: "Linear layers and convolutions get a small change beside their weight, which itself stays.",
};

const OF_LORA = { lora_rank: undefined, lora_alpha: undefined, lora_layers: undefined };

/** What moves in free stages, and how large LoRA's changes are. */
export function MovingFields({ id }: { id: string }) {
  const settings = useDoc((state) => nodeOf(state.flow, id)?.settings) ?? {};
  const moving = String(settings["moving"] ?? "all");
  return (
    <>
      <SelectField
        label="What moves"
        help={HELP[moving]}
        value={moving}
        options={MOVING}
        onChange={(event) => {
          const { value } = event.target;
          const changes = { moving: value === "all" ? undefined : value, ...(value === "lora" ? {} : OF_LORA) };
          edit(`Let ${value === "all" ? "all parameters" : value} move in ${id}`, (flow) => setSettings(flow, id, changes));
        }}
      />
      {moving === "lora" ? (
        <>
          <NumberSetting id={id} name="lora_rank" label="LoRA rank" help="Empty: 8. A larger rank changes more and holds more parameters." isWhole value={settings["lora_rank"]} />
          <NumberSetting id={id} name="lora_alpha" label="LoRA alpha" help="The change is scaled by alpha / rank. Empty: as much as the rank." isWhole={false} value={settings["lora_alpha"]} />
        </>
      ) : null}
    </>
  );
}

type NumberProps = { id: string; name: string; label: string; help: string; isWhole: boolean; value: unknown };

function NumberSetting({ id, name, label, help, isWhole, value }: NumberProps) {
  return (
    <TextField
      key={String(value ?? "")}
      label={label}
      help={help}
      type="number"
      min={isWhole ? 1 : 0}
      step={isWhole ? 1 : "any"}
      defaultValue={typeof value === "number" ? value : ""}
      onKeyDown={(event) => (event.key === "Enter" ? event.currentTarget.blur() : undefined)}
      onBlur={(event) => {
        const said = event.target.value.trim();
        const wanted = said === "" ? undefined : Number(said);
        if (wanted === value || (wanted === undefined && value === undefined)) return;
        edit(`Set ${label} of ${id}`, (flow) => setSettings(flow, id, { [name]: wanted }));
      }}
    />
  );
}
