/** What happens in the launcher, as it happens: Server-Sent Events, in the window as in a browser. */

import type { Event as LauncherEvent, EventType } from "./contract.generated";
import { API, place } from "./place";
import { knownDoor } from "./session";

/** `lost`: the launcher is away and we try again. `refused`: our session has ended with it. */
export type Connection = "connecting" | "open" | "lost" | "refused";

export interface EventHandlers {
  event(event: LauncherEvent): void;
  /** Events were missed: what is known may be stale, read it anew. */
  reset(): void;
  connection(state: Connection): void;
}

// A map, so that the compiler says when the contract has an event that is not listened to.
const TYPES: Record<EventType, true> = {
  "operation.changed": true,
  "operation.logged": true,
  "versions.changed": true,
  "instance.changed": true,
  "instance.logged": true,
  "settings.changed": true,
  "window.closing": true,
};

const RETRY_MS = 1500;

/** Listens until the returned function is called. */
export function listen(handlers: EventHandlers): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The last event that came: from there on a stream can be taken up again. */
  let position: string | null = null;
  let ended = false;

  const connect = () => {
    if (ended) return;
    source = new EventSource(`${place() ?? API}/events${position === null ? "" : `?after=${position}`}`);
    source.addEventListener("open", () => {
      handlers.connection("open");
      // The service does not know where we stopped: it begins with now, and tells of no gap.
      if (position === null) handlers.reset();
    });
    source.addEventListener("reset", () => handlers.reset());
    for (const type of Object.keys(TYPES)) {
      source.addEventListener(type, (message: MessageEvent<string>) => {
        const event = JSON.parse(message.data) as LauncherEvent;
        position = event.id;
        handlers.event(event);
      });
    }
    source.addEventListener("error", () => {
      // The browser tries again by itself after a break, but not after a refusal.
      if (source?.readyState !== EventSource.CLOSED) return handlers.connection("lost");
      source.close();
      void explainRefusal();
    });
  };

  const explainRefusal = async () => {
    try {
      handlers.connection((await knownDoor()) === null ? "refused" : "lost");
    } catch {
      handlers.connection("lost");
    }
    timer = setTimeout(connect, RETRY_MS);
  };

  connect();
  return () => {
    ended = true;
    clearTimeout(timer);
    source?.close();
  };
}
