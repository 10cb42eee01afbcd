import { useEffect, useRef, useState } from "react";

import { Button } from "../../kit/Button";
import { Busy, Notice } from "../../kit/small";
import css from "./run.module.css";

type State = { kind: "asking" } | { kind: "on" } | { kind: "off"; why: string };

/** The picture of the camera, and a button that takes one. */
export function CameraBox({ onTake }: { onTake: (picture: Blob) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<State>({ kind: "asking" });
  useEffect(() => {
    let stream: MediaStream | null = null;
    let isGone = false;
    open().then(
      (found) => {
        stream = found;
        if (isGone) return stop(found);
        if (video.current) video.current.srcObject = found;
        setState({ kind: "on" });
      },
      (error: unknown) => setState({ kind: "off", why: reason(error) }),
    );
    return () => {
      isGone = true;
      if (stream) stop(stream);
    };
  }, []);
  const take = () => {
    const from = video.current;
    if (!from?.videoWidth) return;
    const canvas = document.createElement("canvas");
    canvas.width = from.videoWidth;
    canvas.height = from.videoHeight;
    canvas.getContext("2d")?.drawImage(from, 0, 0);
    canvas.toBlob((picture) => picture && onTake(picture), "image/png");
  };
  if (state.kind === "off") return <Notice tone="warning">{state.why}</Notice>;
  return (
    <div className={css.camera}>
      {state.kind === "asking" ? <Busy what="Asking for the camera…" /> : null}
      <video ref={video} autoPlay playsInline muted aria-label="What the camera sees" hidden={state.kind !== "on"} />
      <Button look="primary" whyNot={state.kind === "on" ? null : "The camera is not on yet."} onClick={take}>
        Take a picture
      </Button>
    </div>
  );
}

async function open(): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices?.getUserMedia) throw new Error("none");
  return devices.getUserMedia({ video: { facingMode: "environment" } });
}

const stop = (stream: MediaStream): void => stream.getTracks().forEach((track) => track.stop());

function reason(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "The browser was not allowed to use the camera. Allow it in the address bar, then press Camera again.";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "No camera was found on this machine. Choose or drop an image instead.";
  if (name === "NotReadableError") return "Another program is using the camera. Close it, then press Camera again.";
  return "This browser gives no camera here: it does so only on this machine or over https.";
}
