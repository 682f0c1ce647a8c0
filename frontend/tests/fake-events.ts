/** The stream of events as a test makes it happen: a fake of the browser's `EventSource`. */

import type { EventData } from "@/transport/contract.generated";

export class FakeEventSource extends EventTarget {
  static readonly CLOSED = 2;
  static all: FakeEventSource[] = [];
  static get last(): FakeEventSource {
    const source = FakeEventSource.all.at(-1);
    if (!source) throw new Error("nobody listens");
    return source;
  }

  readyState = 0;
  closed = false;
  #told = 0;

  constructor(readonly url: string) {
    super();
    FakeEventSource.all.push(this);
  }

  close(): void {
    this.closed = true;
  }

  say(type: string, data = "{}"): void {
    this.dispatchEvent(new MessageEvent(type, { data }));
  }

  /** An event of the launcher, as the service writes it. */
  tell(data: EventData): void {
    this.#told += 1;
    this.say(data.type, JSON.stringify({ id: `a-${this.#told}`, seq: this.#told, at: "2025-10-20T10:00:00Z", data }));
  }
}
