import { type ComponentProps, Suspense } from "react";

import { lazily } from "../kit/lazily";
import { Busy } from "../kit/small";
import type { TextEditor } from "./TextEditor";

const Editor = lazily(() => import("./TextEditor"));

/** The text editor, fetched when it is first wanted. */
export function LazyEditor({ height, ...rest }: ComponentProps<typeof TextEditor> & { height: number | string }) {
  return (
    <div style={{ height, minHeight: 0, resize: "vertical", overflow: "hidden" }}>
      <Suspense fallback={<Busy what="Opening the editor…" />}>
        <Editor {...rest} />
      </Suspense>
    </div>
  );
}
