/** One way to the launcher, whether the page is in its window or in a browser. */

import type { Envelope, EndpointName, Failure, RequestOf, ResultOf } from "./contract.generated";

/** Where this page is shown. `window`: the launcher's own, which can open dialogs and be closed. */
export type Door = "window" | "browser";

export interface Transport {
  readonly door: Door;
  /** The answer of an endpoint. Rejects with a `LauncherError`, never with anything else. */
  invoke<Name extends EndpointName>(
    name: Name,
    request: RequestOf<Name>,
  ): Promise<ResultOf<Name>>;
}

/** What went wrong, in words for a person: `message` says what, `hint` what to do about it. */
export class LauncherError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = "LauncherError";
    this.code = failure.code;
    this.hint = failure.hint;
    this.details = failure.details;
  }
}

/** The launcher gave no answer at all: it has ended, or is not there yet. */
export const UNREACHABLE = "unreachable";

export function unreachable(): LauncherError {
  return new LauncherError({
    code: UNREACHABLE,
    message: "The launcher gives no answer.",
    hint: "It may have been closed. Start it again; this page goes on by itself.",
    details: {},
  });
}

/** The value of an answer, or its error thrown. */
export function open<Name extends EndpointName>(envelope: Envelope<ResultOf<Name>>): ResultOf<Name> {
  if (envelope.ok) return envelope.value;
  throw new LauncherError(envelope.error);
}
