import { useQuery } from "@tanstack/react-query";

import { Button } from "../kit/Button";
import { SelectField } from "../kit/Field";
import { Modal } from "../kit/Modal";
import { formatBytes, formatPlural } from "../model/format";
import { useRoute } from "../store/route";
import { ask } from "../store/session";
import { say, sayError } from "../store/toast";
import { type Theme, useView } from "../store/view";
import css from "./inspector/inspector.module.css";
import form from "./form/form.module.css";

const THEMES = [
  ["system", "As the system"],
  ["dark", "Dark"],
  ["light", "Light"],
] as const;
const NUMBERS = [1, 2, 4, 6, 8, 12, 16];

/** How the studio looks in this browser, and what it stands on. */
export default function SettingsDialog({ onClose }: { onClose: () => void }) {
  const view = useView();
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  return (
    <Modal isOpen title="Settings" description="Kept in this browser; flows do not change." onClose={onClose}>
      <SelectField label="Theme" value={view.theme} options={THEMES} onChange={(event) => view.setTheme(event.target.value as Theme)} />
      <Flag
        label="Live previews"
        help="Each node shows what it does to your data after every edit. Off: nothing is computed until a run."
        isOn={view.arePreviewsOn}
        onChange={view.setPreviewsOn}
      />
      <SelectField
        label="Samples in a preview"
        help="More samples show more and take longer."
        value={String(view.numSamples)}
        options={[...new Set([...NUMBERS, view.numSamples])].sort((a, b) => a - b).map((number) => [String(number), String(number)] as const)}
        onChange={(event) => view.setNumSamples(Number(event.target.value))}
      />
      <Flag label="Snap nodes to the grid" help="Nodes line up while they are moved." isOn={view.isSnapping} onChange={view.setSnapping} />
      <p className={css.text}>
        {calm
          ? "Motion is off: your system asks for reduced motion."
          : "Motion is on. It is switched off where your system asks for reduced motion."}
      </p>
      <About />
    </Modal>
  );
}

function Flag({ label, help, isOn, onChange }: { label: string; help: string; isOn: boolean; onChange: (on: boolean) => void }) {
  return (
    <label className={form.row}>
      <span className={form.flag}>
        <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} />
        {label}
      </span>
      <span className={form.help}>{help}</span>
    </label>
  );
}

function About() {
  const app = useQuery(ask.app());
  const route = useRoute((state) => state.route);
  if (app.error) return <p className={css.text}>{app.error.message}</p>;
  if (!app.data) return null;
  const { version, device, num_threads: threads, memory_bytes: memory, projects, roots, is_local: isLocal } = app.data;
  const project = projects.find((card) => route.page !== "start" && card.id === route.project);
  const copy = () => {
    if (project) navigator.clipboard.writeText(project.path).then(() => say("Path copied"), sayError);
  };
  return (
    <section className={css.section} aria-label="About">
      <h3>About</h3>
      <dl className={css.facts}>
        <dt>Version</dt>
        <dd>{version}</dd>
        <dt>Machine</dt>
        <dd>
          {device}, {formatPlural(threads, "core")}, {formatBytes(memory)} of memory
        </dd>
        <dt>Project</dt>
        <dd>
          {project ? (
            <>
              <code>{project.path}</code> <Button look="ghost" onClick={copy} aria-label="Copy the path of the project">Copy</Button>
            </>
          ) : (
            "none is open"
          )}
        </dd>
        <dt>Opened folders</dt>
        <dd>
          {roots.length ? roots.map((root) => <div key={root} className="mono">{root}</div>) : "none"}
        </dd>
        <dt>Reached by</dt>
        <dd>{isLocal ? "this machine only; nothing is sent anywhere" : "other machines too"}</dd>
      </dl>
    </section>
  );
}
