import { beforeEach, describe, expect, it, vi } from "vitest";

import { useSession } from "../store/session";
import { fetchAhead, lazily } from "./lazily";

vi.stubGlobal("window", globalThis);

const load = vi.fn(() => Promise.resolve({ default: () => null }));
lazily(load);
const turn = () => new Promise((done) => setTimeout(done, 10));

describe("parts that are fetched later", () => {
  beforeEach(() => load.mockClear());

  it("are not asked for while the server is away, because a browser would remember that they did not come", async () => {
    useSession.setState({ link: "lost" });
    const all = fetchAhead(() => true);
    await turn();
    expect(load).not.toHaveBeenCalled();
    useSession.setState({ link: "lost" });
    await turn();
    expect(load).not.toHaveBeenCalled();
    useSession.setState({ link: "open" });
    await all;
    expect(load).toHaveBeenCalledOnce();
  });

  it("are fetched at once while nothing is known against it", async () => {
    useSession.setState({ link: "connecting" });
    await fetchAhead(() => true);
    expect(load).toHaveBeenCalledOnce();
  });
});
