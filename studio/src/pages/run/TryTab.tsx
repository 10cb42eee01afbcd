import { useMutation, useQuery } from "@tanstack/react-query";
import { Camera, ImageOff, ImageUp } from "lucide-react";
import { type ClipboardEvent, type DragEvent, type ReactNode, useEffect, useRef, useState } from "react";

import { send } from "../../api/client";
import type { PredictionReply, RunRecord } from "../../api/types";
import { Bars } from "../../charts/Bars";
import { Button } from "../../kit/Button";
import { Busy, Empty, Notice } from "../../kit/small";
import { formatExact, formatNumber, formatPercent } from "../../model/format";
import { WhyBox } from "../../panels/look/WhyBox";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { askMap } from "../../store/embedding";
import { askRun } from "../../store/predictions";
import { sendImage } from "../../store/one_image";
import { CameraBox } from "./CameraBox";
import { NeighborStrip } from "./NeighborStrip";
import css from "./run.module.css";
import { TriedPlaces } from "./TriedPlaces";

/** As the server has it; larger files are not sent at all. */
const MOST_BYTES = 200 * 2 ** 20;

type Tried = { name: string; address: string; file: Blob; reply: PredictionReply };

/** One's own picture, dropped, chosen, pasted or taken, and what the run says of it. */
export default function TryTab({ project, run, record }: { project: string; run: string; record: RunRecord }) {
  const [isOver, setOver] = useState(false);
  const [hasCamera, setCamera] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const [tried, setTried] = useState<readonly Tried[]>([]);
  const [wantsNear, setWantsNear] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const made = useRef<string[]>([]);
  useEffect(() => {
    const addresses = made.current;
    return () => addresses.forEach((address) => URL.revokeObjectURL(address));
  }, []);
  const predict = useMutation({
    mutationFn: ({ file, name }: { file: Blob; name: string }) =>
      send<PredictionReply>("POST", `/api/projects/${encodeURIComponent(project)}/runs/${encodeURIComponent(run)}/try/image?name=${encodeURIComponent(name)}`, file),
    onSuccess: (reply, { file, name }) => {
      const address = URL.createObjectURL(file);
      made.current.push(address);
      setTried((before) => [{ name, address, file, reply }, ...before].slice(0, 12));
    },
  });
  const take = (file: Blob | null | undefined, name: string) => {
    if (!file) return;
    predict.reset();
    const why =
      file.size === 0
        ? `'${name}' is empty.`
        : file.size > MOST_BYTES
          ? `'${name}' has ${formatExact(file.size)} bytes; at most ${formatExact(MOST_BYTES)} are taken.`
          : file.type && !file.type.startsWith("image/")
            ? `'${name}' is no image (${file.type}). Give a PNG, JPEG, WebP, BMP or TIFF file.`
            : null;
    setRefused(why);
    if (!why) predict.mutate({ file, name });
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) take(file, file.name);
    else setRefused("What was dropped is no file. Drop an image file from a folder.");
  };
  const paste = (event: ClipboardEvent) => {
    const file = [...event.clipboardData.files][0];
    if (file) take(file, file.name || "pasted image");
    else setRefused("The clipboard holds no image.");
  };
  return (
    <div className={css.try}>
      <div className={css.tryLeft}>
        <div
          className={css.drop}
          data-over={isOver || undefined}
          tabIndex={0}
          role="group"
          aria-label="Drop or paste an image here"
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
          onPaste={paste}
        >
          <ImageUp size={26} aria-hidden />
          <strong>Drop an image here, or paste one</strong>
          <span className={css.actions}>
            <Button look="primary" onClick={() => input.current?.click()}>
              Choose an image…
            </Button>
            <Button aria-pressed={hasCamera} onClick={() => setCamera(!hasCamera)}>
              <Camera size={14} aria-hidden /> {hasCamera ? "Camera off" : "Camera"}
            </Button>
          </span>
          <input
            ref={input}
            type="file"
            accept="image/*"
            className="sr-only"
            tabIndex={-1}
            aria-label="Image file"
            onChange={(event) => {
              const file = event.target.files?.[0];
              take(file, file?.name ?? "image");
              event.target.value = "";
            }}
          />
          <span className={css.quiet}>It stays on this machine and is not kept.</span>
        </div>
        {hasCamera ? <CameraBox onTake={(file) => take(file, "camera picture")} /> : null}
        {refused ? <Notice tone="error">{refused}</Notice> : null}
        {predict.error ? <RefusalNotice error={predict.error} /> : null}
        <label className={css.check}>
          <input type="checkbox" checked={wantsNear} onChange={(event) => setWantsNear(event.target.checked)} />
          Show the nearest training images
        </label>
        {predict.isPending ? <Busy what="Looking at it… The first image loads the model." /> : null}
      </div>
      <div className={css.tryRight} aria-live="polite">
        {tried.length === 0 ? (
          <Empty title="Nothing was tried yet">
            <p>{record.data?.classes.length ? `The run tells apart: ${record.data.classes.slice(0, 12).join(", ")}.` : "What the run says of your image appears here."}</p>
          </Empty>
        ) : (
          tried.map((one) => (
            <Reply key={one.address} project={project} run={run} tried={one}>
              {wantsNear && !one.reply.problem ? <Nearest project={project} run={run} tried={one} /> : null}
            </Reply>
          ))
        )}
      </div>
    </div>
  );
}

/** What the run learned from that looks most like it. */
function Nearest({ project, run, tried: { file, address } }: { project: string; run: string; tried: Tried }) {
  const near = useQuery(askMap.neighborsOfFile(project, run, file, address));
  const settings = useQuery(askRun.images(project, run));
  if (near.error) return <RefusalNotice error={near.error} onRetry={() => void near.refetch()} />;
  if (!near.data) return <Busy what="Comparing with the training images… What the network saw of them is kept." />;
  return <NeighborStrip project={project} settings={settings.data} found={near.data} />;
}

function Reply({ project, run, tried: { name, address, file, reply }, children }: { project: string; run: string; tried: Tried; children?: ReactNode }) {
  const [failed, setFailed] = useState<Error | null>(null);
  const shares = Object.entries(reply.probabilities).sort((a, b) => b[1] - a[1]);
  const values = Object.entries(reply.values);
  const title = reply.problem ? "It could not be read" : reply.label !== null ? `${reply.label || "no tag"}${reply.probability === null ? "" : ` · ${formatPercent(reply.probability)}`}` : "Values";
  return (
    <article className={css.reply}>
      {reply.problem ? <span className={css.noPicture} aria-hidden><ImageOff size={22} /></span> : <img src={address} alt={`${name}: ${title}`} />}
      <div>
        <h3>{title}</h3>
        <p className={css.quiet}>{name}</p>
        {reply.problem ? <Notice tone="error">{reply.problem}</Notice> : null}
        <Bars
          title={reply.places ? `Share of the pixels of ${name} by class` : `Probabilities of ${name}`}
          most={1}
          bars={shares.slice(0, 10).map(([label, value]) => ({ key: label, label, value, text: formatPercent(value), color: label === reply.label ? "--accent" : "--control" }))}
        />
        {reply.places ? <TriedPlaces project={project} name={name} places={reply.places} score={reply.values.score} /> : null}
        {(reply.places?.kind === "heat" ? [] : values).map(([label, value]) => (
          <p key={label}>
            {label}: <strong>{formatNumber(value)}</strong>
          </p>
        ))}
        {children}
      </div>
      {reply.problem || reply.places?.kind === "heat" ? null : <WhyBox project={project} run={run} image={() => sendImage(project, file, name)} onFail={setFailed} />}
      {failed ? <RefusalNotice error={failed} /> : null}
    </article>
  );
}
