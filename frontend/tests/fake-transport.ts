/** A launcher that answers what a test tells it to: a fake of the port `Transport`. */

import type { EndpointName, RequestOf, ResultOf } from "@/transport/contract.generated";
import { type Door, LauncherError, type Transport } from "@/transport/transport";

export interface Call {
  readonly name: EndpointName;
  readonly request: unknown;
}

type Answer = (request: unknown) => unknown;

export class FakeTransport implements Transport {
  readonly calls: Call[] = [];
  readonly #answers = new Map<EndpointName, Answer>();

  constructor(readonly door: Door = "browser") {}

  /** From now on `name` is answered so: by a value, or by what a function makes of the request. */
  answer<Name extends EndpointName>(
    name: Name,
    with_: ResultOf<Name> | ((request: RequestOf<Name>) => ResultOf<Name>),
  ): this {
    this.#answers.set(name, typeof with_ === "function" ? (with_ as Answer) : () => with_);
    return this;
  }

  /** From now on `name` is refused with this. */
  refuse(name: EndpointName, code: string, message: string, hint = ""): this {
    this.#answers.set(name, () => {
      throw new LauncherError({ code, message, hint, details: {} });
    });
    return this;
  }

  /** What was asked of `name`, in order. */
  asked(name: EndpointName): unknown[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.request);
  }

  /** What nobody told how to answer stays on its way, as with a launcher that is busy. */
  async invoke<Name extends EndpointName>(name: Name, request: RequestOf<Name>): Promise<ResultOf<Name>> {
    this.calls.push({ name, request });
    const answer = this.#answers.get(name);
    if (!answer) return new Promise(() => {});
    return answer(request) as ResultOf<Name>;
  }
}
