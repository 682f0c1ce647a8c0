import { act, render, waitFor } from "@testing-library/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { connect, queryClient, useAnswer } from "@/state/launcher";
import { startListening, untilListening, useLive } from "@/state/live";
import type { EndpointName, EventData, OperationList, VersionList } from "@/transport/contract.generated";

import { FakeEventSource } from "../fake-events";
import { FakeTransport } from "../fake-transport";
import { jobs, list, operation, version } from "../samples";

// All that the page shows and that can change.
const SHOWN = [
  "models.folders",
  "operations.list",
  "settings.list",
  "system.info",
  "versions.check",
  "versions.constraints",
  "versions.list",
  "versions.releases",
  "versions.trash",
] as const satisfies readonly EndpointName[];

let launcher: FakeTransport;
let end: () => void;

beforeEach(() => {
  FakeEventSource.all = [];
  vi.stubGlobal("EventSource", FakeEventSource);
  queryClient.clear();
  useLive.setState({ connection: "connecting" });
  launcher = new FakeTransport();
  connect(launcher);
  end = startListening();
});

afterEach(() => end());

function Shown({ name }: { readonly name: EndpointName }) {
  useAnswer(name, {} as never);
  return null;
}

function Everything() {
  return SHOWN.map((name) => <Shown key={name} name={name} />);
}

async function everythingShown(): Promise<void> {
  for (const name of SHOWN) launcher.answer(name, jobs() as never);
  FakeEventSource.last.say("open");
  render(
    <QueryClientProvider client={queryClient}>
      <Everything />
    </QueryClientProvider>,
  );
  await waitFor(() => expect(queryClient.isFetching()).toBe(0));
  launcher.calls.length = 0;
}

function askedAnew(): string[] {
  return launcher.calls.map(({ name }) => name).sort();
}

const ended = (kind: string): EventData => ({
  type: "operation.changed",
  operation: operation(kind, "v0.3.64", { state: "succeeded" }),
});

const OF_A_VERSION = ["models.folders", "system.info", "versions.check", "versions.constraints", "versions.list", "versions.trash"];

describe("what is shown is read anew", () => {
  it.each<[string, EventData, string[]]>([
    ["versions.changed", { type: "versions.changed", tag: null }, ["versions.check", "versions.constraints", "versions.list", "versions.trash"]],
    ["instance.changed", { type: "instance.changed", tag: "v0.3.64", state: "running" }, ["versions.check", "versions.list"]],
    ["settings.changed", { type: "settings.changed", name: "theme" }, ["models.folders", "settings.list", "versions.releases", "versions.trash"]],
    ["instance.logged", { type: "instance.logged", tag: "v0.3.64" }, []],
    ["operation.logged", { type: "operation.logged", operation_id: "1", line: "" }, []],
    ["the end of an installation", ended("versions.install"), OF_A_VERSION],
    ["the end of a removal", ended("versions.uninstall"), OF_A_VERSION],
    ["the end of emptying the trash", ended("versions.empty_trash"), OF_A_VERSION],
    ["the end of a launch", ended("versions.launch"), ["versions.check", "versions.list"]],
    ["the end of a stop", ended("versions.stop"), ["versions.check", "versions.list"]],
    ["the end of a look for releases", ended("versions.releases"), ["versions.releases"]],
    ["an operation that goes on", { type: "operation.changed", operation: operation("versions.install", "v0.3.64") }, []],
  ])("after %s: what it is about, and nothing else", async (_name, event, asked) => {
    await everythingShown();
    act(() => FakeEventSource.last.tell(event));
    await waitFor(() => expect(queryClient.isFetching()).toBe(0));
    expect(askedAnew()).toEqual(asked);
  });

  it("after a gap: all of it", async () => {
    await everythingShown();
    act(() => FakeEventSource.last.say("reset"));
    await waitFor(() => expect(askedAnew()).toEqual([...SHOWN]));
  });

  it("when the page comes into sight: what other programs change", async () => {
    await everythingShown();
    act(() => void document.dispatchEvent(new window.Event("visibilitychange")));
    await waitFor(() => expect(askedAnew()).toEqual(["models.folders", "system.info", "versions.releases"]));
  });

  it("when it is shown again: what other programs change", async () => {
    await everythingShown();
    render(
      <QueryClientProvider client={queryClient}>
        <Everything />
      </QueryClientProvider>,
    );
    await waitFor(() => expect(askedAnew()).toEqual(["models.folders", "system.info"]));
  });
});

describe("an answer on its way", () => {
  it("is asked for again when an event came before it", async () => {
    const answers = later<VersionList>("versions.list");
    render(
      <QueryClientProvider client={queryClient}>
        <Shown name="versions.list" />
      </QueryClientProvider>,
    );
    act(() => FakeEventSource.last.tell({ type: "versions.changed", tag: "v0.3.64" }));
    answers[0]?.(list());
    await waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.(list(version("v0.3.64")));
    await waitFor(() => expect(queryClient.getQueryData<VersionList>(["versions.list", {}])?.versions).toHaveLength(1));
  });

  it("does not take back what an event has said meanwhile of an operation", async () => {
    const answers = later<OperationList>("operations.list");
    const before = operation("versions.install", "v0.3.64");
    render(
      <QueryClientProvider client={queryClient}>
        <Shown name="operations.list" />
      </QueryClientProvider>,
    );
    act(() => FakeEventSource.last.tell(ended("versions.install")));
    answers[0]?.(jobs());
    await waitFor(() => expect(answers).toHaveLength(2)); // nothing was known: the event could not be kept
    answers[1]?.(jobs(before));
    await waitFor(() => expect(states()).toEqual(["running"]));

    act(() => FakeEventSource.last.say("reset"));
    act(() => FakeEventSource.last.tell(ended("versions.install")));
    await waitFor(() => expect(answers).toHaveLength(3));
    answers[2]?.(jobs(before));
    await waitFor(() => expect(queryClient.isFetching()).toBe(0));
    expect(states()).toEqual(["succeeded"]);
  });
});

describe("the first drawing", () => {
  it("waits for the stream, so that nothing is asked twice", async () => {
    const waited = vi.fn();
    const waiting = untilListening(60_000).then(waited);
    await Promise.resolve();
    expect(waited).not.toHaveBeenCalled();
    FakeEventSource.last.say("open");
    await waiting;
    expect(waited).toHaveBeenCalledOnce();
  });

  it("does not wait long", async () => {
    await untilListening(10);
    expect(useLive.getState().connection).toBe("connecting");
  });
});

function states(): string[] | undefined {
  return queryClient.getQueryData<OperationList>(["operations.list", {}])?.operations.map(({ state }) => state);
}

/** Answers that come when the test gives them, in the order of the questions. */
function later<T>(name: EndpointName): ((answer: T) => void)[] {
  const given: ((answer: T) => void)[] = [];
  launcher.answer(name, () => new Promise<T>((resolve) => given.push(resolve)) as never);
  return given;
}
