import { useQuery } from "@tanstack/react-query";
import { FolderOpen, FolderUp, Upload } from "lucide-react";
import { useRef, useState } from "react";

import type { AppInfo, TemplateCard } from "../api/types";
import { Button } from "../kit/Button";
import { Busy } from "../kit/small";
import { DropZone } from "../panels/DropZone";
import { RefusalNotice } from "../panels/RefusalNotice";
import { useCommands } from "../store/commands";
import { ask } from "../store/session";
import { cancelUpload, takeFiles, useUpload } from "../store/uploads";
import { FromImages } from "./start/FromImages";
import { ProjectDialog } from "./start/ProjectDialog";
import { RecentProjects } from "./start/RecentProjects";
import { RunChoice } from "./start/RunChoice";
import css from "./start/start.module.css";
import { Templates } from "./start/Templates";

type Dialog =
  | { kind: "images"; template: TemplateCard | null }
  | { kind: "run"; template: TemplateCard }
  | { kind: "project"; why?: string };

/** Where work begins: one's own images, templates, recent projects. */
export default function StartPage() {
  const app = useQuery(ask.app());
  if (app.error && !app.data) {
    return (
      <div className={css.page}>
        <RefusalNotice error={app.error} onRetry={() => void app.refetch()} />
      </div>
    );
  }
  return app.data ? <Known app={app.data} /> : <div className={css.page}><Busy what="Asking the server…" /></div>;
}

const NEED = "What you make is kept in a project, a folder of its own. Where should it be?";

function Known({ app }: { app: AppInfo }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const upload = useUpload();
  const current = app.projects.find((card) => card.id === (chosen ?? app.current)) ?? app.projects[0] ?? null;
  const project = current?.id ?? null;
  const needProject = () => setDialog({ kind: "project", why: NEED });
  const openImages = (template: TemplateCard | null = null) => (project ? setDialog({ kind: "images", template }) : needProject());
  const close = () => setDialog(null);
  useCommands([
    { id: "open-images", title: "Open a folder of images…", group: "Start", run: () => openImages() },
    { id: "open-project", title: "Open or make a project…", group: "Start", run: () => setDialog({ kind: "project" }) },
  ]);
  return (
    <div className={css.page}>
      <header className={css.hello}>
        <h1>What should your model learn to see?</h1>
        <p>Bring images, graft a new head onto a trained base, and see every part of it.</p>
      </header>
      <div className={css.top}>
        <section className={css.open} aria-labelledby="open-images">
          <FolderOpen size={34} aria-hidden />
          <h2 id="open-images">Start with your images</h2>
          <p>A folder with a folder for each class, a table that names images, or arrays.</p>
          <Button look="primary" className={css.big ?? ""} onClick={() => openImages()}>
            <FolderOpen size={16} aria-hidden /> Open a folder of images…
          </Button>
          <CopyButtons />
          <p className={css.into}>
            {current ? (
              <>
                What you make goes into the project{" "}
                <select aria-label="Project that keeps what you make" value={current.id} onChange={(event) => setChosen(event.target.value)}>
                  {app.projects.map((card) => (
                    <option key={card.id} value={card.id}>
                      {card.name}
                    </option>
                  ))}
                </select>
              </>
            ) : (
              <>
                No project is open yet. <Button onClick={needProject}>Make one…</Button>
              </>
            )}
          </p>
        </section>
        <RecentProjects projects={app.projects} current={app.current} onNew={() => setDialog({ kind: "project" })} />
      </div>
      <section aria-labelledby="templates">
        <div className={css.sectionHead}>
          <h2 id="templates">Or start from a template</h2>
          <span>Those that are ready run at once on embedded images.</span>
        </div>
        <Templates
          project={project}
          onNeedProject={needProject}
          onWantData={openImages}
          onWantRun={(template) => setDialog({ kind: "run", template })}
        />
      </section>
      <DropZone project={project} projectName={current?.name ?? "a project"} onChoosePath={() => openImages()} />
      {dialog?.kind === "images" && project ? <FromImages project={project} template={dialog.template} onClose={close} /> : null}
      {dialog?.kind === "run" && project ? <RunChoice project={project} template={dialog.template} onClose={close} /> : null}
      {dialog?.kind === "project" ? (
        <ProjectDialog
          suggestion={suggested(app)}
          {...(dialog.why ? { why: dialog.why } : {})}
          onOpened={(card) => {
            setChosen(card.id);
            close();
          }}
          onClose={close}
        />
      ) : null}
      {upload.status === "done" && project ? (
        <FromImages project={project} chosen={{ path: upload.card.source, card: upload.card, name: upload.name }} onClose={cancelUpload} />
      ) : null}
    </div>
  );
}

const suggested = (app: AppInfo): string => (app.roots[0] ? `${app.roots[0].replace(/\/$/, "")}/graftwork-project` : "~/graftwork-project");

/** The same as dropping, for those who do not drag. */
function CopyButtons() {
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement) => {
    if (input.files?.length) takeFiles(input.files);
    input.value = "";
  };
  return (
    <p className={css.copy}>
      or drop a folder, files or an archive anywhere here, or copy{" "}
      <Button onClick={() => folder.current?.click()}>
        <FolderUp size={14} aria-hidden /> a folder…
      </Button>
      <Button onClick={() => files.current?.click()}>
        <Upload size={14} aria-hidden /> files…
      </Button>
      <input ref={folder} type="file" hidden multiple {...{ webkitdirectory: "" }} onChange={(event) => take(event.target)} />
      <input ref={files} type="file" hidden multiple onChange={(event) => take(event.target)} />
    </p>
  );
}
