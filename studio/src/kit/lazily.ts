/** Parts of the page that are fetched when first wanted, or ahead of that; a server that is away is waited for. */
import { type ComponentType, lazy } from "react";

import { useSession } from "../store/session";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as React has it: props of any kind
type Loaded = { default: ComponentType<any> };
type Load<T extends Loaded> = () => Promise<T>;

const TRIES = 3;
const WAIT_MS = 1_000;
const known: Load<Loaded>[] = [];

/** Return a component whose code is fetched when it is first shown. */
export function lazily<T extends Loaded>(load: Load<T>) {
  known.push(load);
  return lazy(() => patiently(load));
}

async function patiently<T extends Loaded>(load: Load<T>): Promise<T> {
  for (let left = TRIES; ; left -= 1) {
    await whenThere();
    try {
      return await load();
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (left <= 1) throw new Error("The server went away while a part of the studio was being fetched.", { cause: error });
      await new Promise((done) => window.setTimeout(done, WAIT_MS));
    }
  }
}

/** Wait while the server is away: a browser remembers what did not come, and does not ask for it again. */
function whenThere(): Promise<void> {
  const isThere = () => useSession.getState().link !== "lost";
  if (isThere()) return Promise.resolve();
  return new Promise((done) => {
    const leave = useSession.subscribe(() => {
      if (!isThere()) return;
      leave();
      done();
    });
  });
}

/** Whether code did not come, in the words of the browsers and of the build; code that came and broke is told at once. */
const isMissing = (error: unknown): boolean => error instanceof Error && /imported module|module script|preload/i.test(error.message);

/** Fetch everything that is not there yet, piece by piece, so that it also opens while the server is away. */
export async function fetchAhead(isWanted: () => boolean): Promise<void> {
  // What is fetched may make more known.
  for (let at = 0; at < known.length && isWanted(); at += 1) {
    await whenThere();
    await known[at]?.().catch(() => undefined);
    await new Promise((done) => window.setTimeout(done, 50));
  }
}
