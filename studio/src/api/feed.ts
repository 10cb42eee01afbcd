/** The WebSocket that tells what happens. It comes back by itself and asks for what it missed. */
import type { FeedMessage, Watch } from "./types";

export type Link = "connecting" | "open" | "lost";

type Listener = (message: FeedMessage) => void;

/** Follows runs and changes; after a break it goes on from the last line of each run that it has. */
export class Feed {
  private socket: WebSocket | null = null;
  private readonly watched = new Map<string, Watch>();
  private readonly listeners = new Set<Listener>();
  private tries = 0;
  private timer: number | undefined;

  constructor(private readonly onLink: (link: Link) => void) {}

  /** Open the connection, and keep it open. */
  start(): void {
    this.onLink(this.tries === 0 ? "connecting" : "lost");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/feed`);
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.onLink("open");
      for (const order of this.watched.values()) socket.send(JSON.stringify(order));
    };
    socket.onmessage = (event: MessageEvent<string>) => this.take(JSON.parse(event.data) as FeedMessage);
    socket.onclose = () => this.again();
  }

  stop(): void {
    window.clearTimeout(this.timer);
    if (this.socket) this.socket.onclose = null;
    this.socket?.close();
  }

  /** Call `listener` with each message; returns how to end it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Follow a run from its event line `after` on. */
  watch(project: string, run: string, after: number): void {
    const order: Watch = { kind: "watch", project, run, after };
    this.watched.set(`${project}/${run}`, order);
    this.send(order);
  }

  unwatch(project: string, run: string): void {
    this.watched.delete(`${project}/${run}`);
    this.send({ kind: "unwatch", project, run, after: 0 });
  }

  private take(message: FeedMessage): void {
    if (message.kind === "events") {
      const order = this.watched.get(`${message.project}/${message.run}`);
      if (order) order.after = message.first + message.lines.length;
    }
    for (const listener of this.listeners) listener(message);
  }

  private send(order: Watch): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(order));
  }

  private again(): void {
    this.tries += 1;
    this.onLink("lost");
    this.timer = window.setTimeout(() => this.start(), Math.min(5000, 250 * 2 ** this.tries));
  }
}
