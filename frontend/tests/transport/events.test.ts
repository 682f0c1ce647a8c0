import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { listen } from "@/transport/events";

import { FakeEventSource } from "../fake-events";

const CHANGED = '{"id":"a-1","data":{"type":"settings.changed","name":"theme"}}';

const handlers = { event: vi.fn(), reset: vi.fn(), connection: vi.fn() };
let session: unknown;

const PLACE = `/api/v1/session/${"0a".repeat(16)}`;

beforeEach(() => {
  localStorage.setItem("place", PLACE);
  vi.useFakeTimers();
  vi.clearAllMocks();
  FakeEventSource.all = [];
  vi.stubGlobal("EventSource", FakeEventSource);
  session = { schema: 1, ok: true, value: { door: "browser" } };
  vi.stubGlobal("fetch", async () => ({ json: async () => session }));
});

afterEach(() => {
  vi.useRealTimers();
});

function end(source: FakeEventSource) {
  source.readyState = FakeEventSource.CLOSED;
  source.say("error");
}

describe("the stream of events", () => {
  it("is asked for where our session is good", () => {
    listen(handlers);
    expect(FakeEventSource.last.url).toBe(`${PLACE}/events`);
  });

  it("hands over each event, whatever its type", () => {
    listen(handlers);
    FakeEventSource.last.say("settings.changed", CHANGED);
    expect(handlers.event).toHaveBeenCalledWith(
      expect.objectContaining({ data: { type: "settings.changed", name: "theme" } }),
    );
  });

  it("says that events were missed, when the service says so", () => {
    listen(handlers);
    FakeEventSource.last.say("reset");
    expect(handlers.reset).toHaveBeenCalledOnce();
  });

  it("lets the browser take up a broken stream where it stopped, and asks for nothing anew", () => {
    listen(handlers);
    FakeEventSource.last.say("open");
    FakeEventSource.last.say("settings.changed", CHANGED);
    handlers.reset.mockClear();
    FakeEventSource.last.say("error");
    FakeEventSource.last.say("open");
    expect(handlers.connection.mock.calls.flat()).toEqual(["open", "lost", "open"]);
    expect(handlers.reset).not.toHaveBeenCalled();
  });

  it("says that events may have been missed, as long as none came from which to go on", () => {
    listen(handlers);
    FakeEventSource.last.say("open");
    expect(handlers.reset).toHaveBeenCalledOnce();
    FakeEventSource.last.say("error");
    FakeEventSource.last.say("open");
    expect(handlers.reset).toHaveBeenCalledTimes(2);
  });

  it("begins a new stream when the old one has ended, behind the last event that came", async () => {
    listen(handlers);
    FakeEventSource.last.say("open");
    FakeEventSource.last.say("settings.changed", CHANGED);
    handlers.reset.mockClear();
    end(FakeEventSource.last);
    await vi.advanceTimersByTimeAsync(2000);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.last.url).toBe(`${PLACE}/events?after=a-1`);
    FakeEventSource.last.say("open");
    expect(handlers.reset).not.toHaveBeenCalled(); // the service itself says it, if there is a gap
  });

  it("tells a session that has ended from a launcher that is away", async () => {
    listen(handlers);
    session = { schema: 1, ok: false, error: { code: "not-authenticated" } };
    end(FakeEventSource.last);
    await vi.advanceTimersByTimeAsync(10);
    expect(handlers.connection).toHaveBeenLastCalledWith("refused");
  });

  it("ends when it is no longer wanted", async () => {
    const stop = listen(handlers);
    end(FakeEventSource.last);
    stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(FakeEventSource.all).toHaveLength(1);
    expect(FakeEventSource.last.closed).toBe(true);
  });
});
