/** Keeps what is shown true: each event of the stream renews exactly what it is about. */

import { create } from "zustand";

import type { EndpointName, Event, EventType, WindowClosing } from "@/transport/contract.generated";
import { type Connection, listen } from "@/transport/events";

import { CHANGED_BY_OTHERS, refresh, refreshAll } from "./launcher";
import { learn, useOperationLogs } from "./operations";

interface Live {
  readonly connection: Connection;
  /** What the user is asked about when closing the window, until it is answered. */
  readonly closing: WindowClosing | null;
  /** How often the log of a version has grown, as far as we have been told. */
  readonly logGrowth: Readonly<Record<string, number>>;
}

export const useLive = create<Live>(() => ({ connection: "connecting", closing: null, logGrowth: {} }));

/** Begins to listen. The returned function ends it. */
export function startListening(): () => void {
  const end = listen({
    event: take,
    reset: refreshAll,
    connection: (connection) => useLive.setState({ connection }),
  });
  document.addEventListener("visibilitychange", comeIntoSight);
  return () => {
    end();
    document.removeEventListener("visibilitychange", comeIntoSight);
  };
}

/** Waits until the stream is open, so that nothing is asked that it would make ask again; not for long. */
export function untilListening(limitMs = 500): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, limitMs);
    const stop = useLive.subscribe(({ connection }) => connection !== "connecting" && done());
    if (useLive.getState().connection !== "connecting") done();
  });
}

// What each event makes us read again.
const RENEWS: Partial<Record<EventType, readonly EndpointName[]>> = {
  "versions.changed": ["versions.list", "versions.trash", "versions.check", "versions.constraints", "versions.plan_uninstall", "versions.plan_empty_trash"],
  // A ComfyUI that runs may install packages for its custom nodes.
  "instance.changed": ["versions.list", "versions.check", "versions.plan_uninstall"],
  "settings.changed": ["settings.list", "models.folders", "versions.releases", "versions.trash"],
};

function take({ data }: Event): void {
  refresh(...(RENEWS[data.type] ?? []));
  switch (data.type) {
    case "operation.changed":
      return learn(data.operation);
    case "operation.logged":
      return useOperationLogs.getState().add(data.operation_id, data.line);
    case "instance.logged":
      return useLive.setState(({ logGrowth }) => ({
        logGrowth: { ...logGrowth, [data.tag]: (logGrowth[data.tag] ?? 0) + 1 },
      }));
    case "window.closing":
      return useLive.setState({ closing: data });
  }
}

// Releases too: what the launcher knows of them may have grown old while nobody looked.
function comeIntoSight(): void {
  if (document.visibilityState === "visible") refresh(...CHANGED_BY_OTHERS, "versions.releases");
}
