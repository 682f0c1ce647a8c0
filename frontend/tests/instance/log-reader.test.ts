import { expect, test } from "vitest";

import { LINES_AT_ONCE, logReader, type LogState, UNREAD } from "@/features/instance/log-reader";
import type { LogLines } from "@/transport/contract.generated";
import { unreachable } from "@/transport/transport";

/** A log that grows, read by position as the launcher lets one read it. */
class GrowingLog {
  readonly asked: number[] = [];
  #lines: string[] = [];
  #file = "run-1.log";
  fails = false;

  write(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  beginAnew(file: string): void {
    this.#lines = [];
    this.#file = file;
  }

  readonly ask = async (after: number, limit: number): Promise<LogLines> => {
    this.asked.push(after);
    if (this.fails) throw unreachable();
    const from = after > this.#lines.length ? 0 : after;
    return { tag: "v1", lines: this.#lines.slice(from).slice(-limit), next: this.#lines.length, file: this.#file };
  };
}

function reading(log: GrowingLog) {
  let state: LogState = UNREAD;
  const reader = logReader(log.ask, (now) => {
    state = now;
  });
  const read = async () => {
    reader.read();
    await new Promise((resolve) => setTimeout(resolve, 0));
    return state;
  };
  return { reader, read, texts: () => state.content.lines.map(({ text }) => text), now: () => state };
}

test("it reads on from where it stopped", async () => {
  const log = new GrowingLog();
  const { read, texts } = reading(log);
  log.write("one");
  await read();
  log.write("two", "three");
  await read();
  expect(texts()).toEqual(["one", "two", "three"]);
  expect(log.asked).toEqual([0, 1]);
});

test("the log of a new run takes the place of the old one, also when it is already longer", async () => {
  const log = new GrowingLog();
  const { read, texts } = reading(log);
  log.write("old");
  await read();
  log.beginAnew("run-2.log");
  log.write("new one", "new two");
  await read();
  expect(texts()).toEqual(["new one", "new two"]);
});

test("asked many times at once, it asks once and once more", async () => {
  const log = new GrowingLog();
  const { reader, read } = reading(log);
  for (let times = 0; times < 20; times += 1) reader.read();
  await read();
  expect(log.asked).toHaveLength(2);
});

test("lines that could not be read at once are said to be missing", async () => {
  const log = new GrowingLog();
  const { read } = reading(log);
  log.write(...Array.from({ length: LINES_AT_ONCE + 5 }, (_, index) => `line ${index}`));
  expect((await read()).gaps).toBe(true);
});

test("a launcher that is away leaves what was read, and the next reading goes on", async () => {
  const log = new GrowingLog();
  const { read, texts } = reading(log);
  log.write("one");
  await read();
  log.fails = true;
  expect((await read()).error?.code).toBe("unreachable");
  expect(texts()).toEqual(["one"]);
  log.fails = false;
  log.write("two");
  expect((await read()).error).toBeNull();
  expect(texts()).toEqual(["one", "two"]);
});

test("a version that never ran has a known, empty log", async () => {
  const log = new GrowingLog();
  log.beginAnew("");
  const { read } = reading(log);
  expect(await read()).toMatchObject({ known: true, file: "", content: { lines: [] } });
});

test("once stopped it shows nothing any more", async () => {
  const log = new GrowingLog();
  const { reader, read, now } = reading(log);
  log.write("one");
  reader.read();
  reader.stop();
  await read();
  expect(now()).toBe(UNREAD);
});
