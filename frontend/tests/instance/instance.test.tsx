import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";

import { Instance } from "@/features/instance/instance";
import { useLive } from "@/state/live";
import { useRoute } from "@/state/route";

import { FakeTransport } from "../fake-transport";
import { instance, jobs, list, operation, version } from "../samples";
import { shown } from "../shown";

// As app.tsx does it: the address says which tab is shown.
function Place() {
  const { subject, part } = useRoute();
  return <Instance tag={subject ?? ""} part={part ?? "overview"} />;
}

function launcherWith(of: ReturnType<typeof version>, door: "browser" | "window" = "browser"): FakeTransport {
  return new FakeTransport(door).answer("versions.list", list(of)).answer("operations.list", jobs());
}

beforeEach(() => {
  location.hash = "#/version/v1";
});

test("a running version tells its address, its process and how fast it was ready", async () => {
  shown(<Place />, launcherWith(version("v1", { state: "running", instance: instance("v1") })));
  expect(await screen.findByRole("link", { name: "http://127.0.0.1:8188" })).toBeInTheDocument();
  expect(screen.getByText("4711")).toBeInTheDocument();
  expect(screen.getByText("4.7 s after its start")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Stop" })).toBeInTheDocument();
});

test("what runs without its supervisor is said to", async () => {
  shown(<Place />, launcherWith(version("v1", { state: "running", instance: instance("v1", { supervised: false }) })));
  expect(await screen.findByText("It runs without its supervisor")).toBeInTheDocument();
});

test("a crash is a card with its cause and its advice", async () => {
  const crash = { words: "exit code 1", at: "2025-10-20T10:00:00Z", on_request: false, cause: "the GPU has not enough memory.", advice: "Launch it with `--lowvram`." };
  shown(<Place />, launcherWith(version("v1", { last_exit: crash })));
  expect(await screen.findByRole("alert")).toHaveTextContent("The GPU has not enough memory.");
});

test("a version that is not installed is said to be so, with a way back", async () => {
  location.hash = "#/version/v9";
  shown(<Place />, launcherWith(version("v1")));
  expect(await screen.findByText("v9 is not installed")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "See what is installed" })).toHaveAttribute("href", "#/");
});

test("only the window offers to show folders", async () => {
  const user = userEvent.setup();
  const launcher = launcherWith(version("v1"), "window").answer("window.reveal", {});
  const { unmount } = shown(<Place />, launcher);
  await user.click(await screen.findByRole("button", { name: "Show in the file manager" }));
  expect(launcher.asked("window.reveal")).toEqual([{ path: "/home/ada/comfyui-versions/v1" }]);
  unmount();
  shown(<Place />, launcherWith(version("v1")));
  expect(await screen.findByText("/home/ada/comfyui-versions/v1")).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Show in the file manager" })).toBeNull();
});

test("the last start shows where it broke", async () => {
  const error = { code: "start-failed", message: "It ended.", hint: "Look at the log.", details: {} };
  const failed = operation("versions.launch", "v1", { state: "failed", error, finished_at: "2025-10-20T10:00:05Z" });
  shown(<Place />, launcherWith(version("v1")).answer("operations.list", jobs(failed)));
  expect(await screen.findByText("Launching v1 failed")).toBeInTheDocument();
});

test("a log of a version that never ran says what will stand there", async () => {
  const user = userEvent.setup();
  const launcher = launcherWith(version("v1")).answer("versions.logs", { tag: "v1", lines: [], next: 0, file: "" });
  shown(<Place />, launcher);
  await user.click(await screen.findByRole("tab", { name: "Log" }));
  expect(await screen.findByText("It has not run yet")).toBeInTheDocument();
  expect(launcher.asked("versions.logs")[0]).toEqual({ tag: "v1", after: 0, limit: 2000 });
});

test("a log that cannot be read says why and can be asked for again", async () => {
  const user = userEvent.setup();
  location.hash = "#/version/v1/log";
  const launcher = launcherWith(version("v1")).refuse("versions.logs", "not-writable", "The log cannot be read.");
  shown(<Place />, launcher);
  expect(await screen.findByText("The log cannot be read.")).toBeInTheDocument();
  launcher.answer("versions.logs", { tag: "v1", lines: ["ERROR: no"], next: 9, file: "/x.log" });
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("button", { name: "1 error" })).toBeInTheDocument();
});

test("the environment is looked at on request, and what is wrong stands first", async () => {
  const user = userEvent.setup();
  location.hash = "#/version/v1/environment";
  const launcher = launcherWith(version("v1"))
    .answer("versions.constraints", { tag: "v1", packages_as_of: null, protected: [], overrides: [], packages: ["numpy==2.1"] })
    .answer("versions.check", { tag: "v1", python: "3.12", packages: [], problems: [], missing: ["numpy"], changed: [], sound: false });
  shown(<Place />, launcher);
  expect(await screen.findByText("Packages · 1")).toBeInTheDocument();
  expect(launcher.asked("versions.check")).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Check" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Missing 1numpy");
  expect(screen.getByText("missing")).toBeInTheDocument();
});

test("a log that can no longer be read keeps its lines, and says so with a way to try again", async () => {
  const user = userEvent.setup();
  location.hash = "#/version/v1/log";
  const launcher = launcherWith(version("v1")).answer("versions.logs", { tag: "v1", lines: ["ERROR: no"], next: 9, file: "/x.log" });
  shown(<Place />, launcher);
  await screen.findByRole("button", { name: "1 error" });
  launcher.refuse("versions.logs", "not-writable", "The disk is gone.");
  act(() => useLive.setState({ logGrowth: { v1: 1 } }));
  const told = await screen.findByRole("alert");
  expect(told).toHaveTextContent("The disk is gone.");
  expect(screen.getByRole("button", { name: "1 error" })).toBeInTheDocument();
  launcher.answer("versions.logs", { tag: "v1", lines: [], next: 9, file: "/x.log" });
  await user.click(within(told).getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("lines are marked with Shift and the arrow keys, and unmarked with Esc", async () => {
  const user = userEvent.setup();
  location.hash = "#/version/v1/log";
  const lines = ["one", "two", "three"];
  shown(<Place />, launcherWith(version("v1")).answer("versions.logs", { tag: "v1", lines, next: 9, file: "/x.log" }));
  const region = await screen.findByRole("region", { name: "Lines of the log" });
  act(() => region.focus());
  await user.keyboard("{Shift>}{ArrowDown}{ArrowDown}{/Shift}");
  expect(screen.getByText("2 lines marked")).toBeInTheDocument();
  await user.keyboard("{Escape}");
  expect(screen.queryByText("2 lines marked")).toBeNull();
});
