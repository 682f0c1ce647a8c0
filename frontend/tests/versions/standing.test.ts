import { describe, expect, test } from "vitest";

import { mainVersion, phaseLook, primaryOf, shortTag, standingOf } from "@/features/versions/standing";
import type { Failure, LastExit } from "@/transport/contract.generated";

import { operation, version } from "../samples";

const failure: Failure = {
  code: "start-failed",
  message: "v1 ended while starting (exit code 1): its torch was built without GPU support.",
  hint: "Launch it with `--cpu`. The whole log: `./launcher versions logs v1`.",
  details: { reason: "its torch was built without GPU support.", log: ["one", "two"] },
};
const failed = operation("versions.launch", "v1", { state: "failed", error: failure, finished_at: "2025-10-20T10:01:00Z" });
const exit: LastExit = { words: "was killed", at: "2025-10-20T11:00:00Z", on_request: false, cause: "it was killed for memory.", advice: "Close other programs." };

describe("how a version stands", () => {
  test("it stands as the launcher says while nothing works on it", () => {
    expect(standingOf(version("v1", { state: "running" }), []).phase).toBe("running");
    expect(standingOf(version("v1"), [operation("versions.launch", "v2")]).phase).toBe("stopped");
  });

  test("what works on it decides: a start, a cancelled start, a stop, a removal", () => {
    const phaseDuring = (kind: string, state: "running" | "cancelling" = "running") =>
      standingOf(version("v1"), [operation(kind, "v1", { state })]).phase;
    expect(phaseDuring("versions.launch")).toBe("starting");
    expect(phaseDuring("versions.launch", "cancelling")).toBe("stopping");
    expect(phaseDuring("versions.stop")).toBe("stopping");
    expect(phaseDuring("versions.uninstall")).toBe("removing");
  });

  test("a launch that failed is told with its reason, advice and log, without terminal commands", () => {
    const { phase, trouble } = standingOf(version("v1"), [failed]);
    expect(phase).toBe("failed");
    expect(trouble).toMatchObject({
      cause: "Its torch was built without GPU support.",
      advice: "Launch it with `--cpu`.",
      fix: "launch-on-processor",
      log: ["one", "two"],
    });
  });

  test("a launch that worked afterwards settles a failed one", () => {
    const later = operation("versions.launch", "v1", { id: "later", state: "succeeded" });
    expect(standingOf(version("v1"), [later, failed])).toMatchObject({ phase: "stopped", trouble: null });
  });

  test("an end that nobody asked for is a crash, one on request is not", () => {
    expect(standingOf(version("v1", { last_exit: exit }), [])).toMatchObject({
      phase: "crashed",
      trouble: { cause: "It was killed for memory.", advice: "Close other programs.", fix: "launch" },
    });
    expect(standingOf(version("v1", { last_exit: { ...exit, on_request: true } }), []).phase).toBe("stopped");
  });

  test("what befell an installation before this one is not told of this one", () => {
    const anew = version("v1", { installed_at: "2025-10-20T12:00:00+00:00", last_exit: exit });
    expect(standingOf(anew, [failed])).toMatchObject({ phase: "stopped", trouble: null });
  });

  test("a tag at the beginning of a cause stays a tag", () => {
    const told = { ...failed, error: { ...failure, message: "v1 is incomplete.", details: {} } };
    expect(standingOf(version("v1"), [told]).trouble?.cause).toBe("v1 is incomplete.");
  });

  test("trouble of the past is not told while it runs again", () => {
    expect(standingOf(version("v1", { state: "running", last_exit: exit }), [failed]).trouble).toBeNull();
  });
});

describe("what makes sense next", () => {
  test.each([
    ["stopped", "launch"],
    ["failed", "launch"],
    ["crashed", "launch"],
    ["starting", "cancel"],
    ["running", "open"],
    ["stopping", "wait"],
    ["removing", "wait"],
    ["damaged", "install-again"],
  ] as const)("%s: %s", (phase, primary) => {
    expect(primaryOf(phase)).toBe(primary);
  });
});

test("a state of another release goes by its own name", () => {
  expect(phaseLook("paused")).toMatchObject({ words: "paused", tone: "plain" });
  expect(phaseLook("constructor").words).toBe("constructor");
});

test("Home is about the active version, else the default one, else the newest installation", () => {
  const old = version("v1", { installed_at: "2025-01-01T00:00:00Z" });
  const young = version("v2");
  expect(mainVersion([old, version("v3", { is_active: true }), young], "v1")?.tag).toBe("v3");
  expect(mainVersion([old, young], "v1")?.tag).toBe("v1");
  expect(mainVersion([old, young], null)?.tag).toBe("v2");
  expect(mainVersion([], null)).toBeUndefined();
});

test("a short tag leaves out the v of a release only", () => {
  expect(shortTag("v0.3.64")).toBe("0.3.64");
  expect(shortTag("vast")).toBe("vast");
});
