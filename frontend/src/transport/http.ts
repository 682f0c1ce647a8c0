/** Calls over HTTP, at the place of our session: the way of every browser. */

import type { Envelope, EndpointName, RequestOf, ResultOf } from "./contract.generated";
import { API, place } from "./place";
import { open, type Transport, unreachable } from "./transport";

export const httpTransport: Transport = {
  door: "browser",

  async invoke<Name extends EndpointName>(name: Name, request: RequestOf<Name>) {
    return open<Name>(await ask<ResultOf<Name>>("POST", `${place() ?? API}/rpc/${name}`, request));
  },
};

/** The envelope that the service answers. Throws only `unreachable`. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<Envelope<T>> {
  try {
    const answer = await fetch(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { "Content-Type": "application/json" },
    });
    return (await answer.json()) as Envelope<T>;
  } catch {
    throw unreachable();
  }
}
