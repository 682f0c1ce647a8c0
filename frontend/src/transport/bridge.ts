/**
 * Calls over the window's bridge. It has one function, `invoke(name, json)`; answers come back as
 * text through `window.comfyuiLauncher.settle(id, text)` (backend/desktop/bridge.py).
 */

import type { Envelope, EndpointName, RequestOf, ResultOf } from "./contract.generated";
import { open, type Transport } from "./transport";

interface PyWebView {
  readonly platform: string;
  readonly _QWebChannel?: unknown;
  _jsApiCallback(name: string, parameters: unknown, id: string): void;
}

declare global {
  interface Window {
    pywebview?: PyWebView;
    comfyuiLauncher?: { settle(id: string, text: string): void };
  }
}

/** A transport over the bridge, as soon as the window has put it there. */
export async function bridgeTransport(): Promise<Transport> {
  const bridge = await whenReady();
  const waiting = new Map<string, (text: string) => void>();
  // After a reload, a late answer to the page before must not be taken for one of ours.
  const page = Math.random().toString(36).slice(2, 10);
  let calls = 0;

  window.comfyuiLauncher = {
    settle(id, text) {
      waiting.get(id)?.(text);
      waiting.delete(id);
    },
  };

  return {
    door: "window",

    async invoke<Name extends EndpointName>(name: Name, request: RequestOf<Name>) {
      const id = `${page}z${(calls++).toString(36)}`;
      const text = await new Promise<string>((resolve) => {
        waiting.set(id, resolve);
        bridge._jsApiCallback("invoke", [name, JSON.stringify(request)], id);
      });
      return open<Name>(JSON.parse(text) as Envelope<ResultOf<Name>>);
    },
  };
}

/** The engine announces the bridge once, perhaps before this is asked. */
function whenReady(): Promise<PyWebView> {
  return new Promise((resolve) => {
    const look = () => {
      const bridge = window.pywebview;
      if (!bridge || (bridge.platform === "qtwebengine" && !bridge._QWebChannel)) return;
      window.removeEventListener("pywebviewready", look);
      resolve(bridge);
    };
    window.addEventListener("pywebviewready", look);
    look();
  });
}
