import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { toast } from "sonner";
import { afterEach, beforeEach, expect, test } from "vitest";

import { Tray } from "@/features/operations/tray";
import { show } from "@/state/interface";
import { queryClient } from "@/state/launcher";
import { learn } from "@/state/operations";

import { FakeTransport } from "../fake-transport";
import { jobs, operation } from "../samples";
import { shown } from "../shown";

beforeEach(() => {
  location.hash = "#/settings";
  show({ trayOpen: false });
});
afterEach(() => toast.dismiss());

const install = operation("versions.install", "v0.3.64");
const half = {
  ...install,
  progress: { ...install.progress, fraction: 0.42, step: "packages", step_number: 5, step_count: 7, done: 12, total: 38, detail: "downloaded torch" },
};
const ended = { ...half, finished_at: new Date().toISOString() };

function launcherWith(...operations: (typeof install)[]): FakeTransport {
  return new FakeTransport().answer("operations.list", jobs(...operations)).answer("operations.cancel", half);
}

test("there is nothing where nothing runs", async () => {
  shown(<Tray />, launcherWith({ ...ended, state: "succeeded" }));
  await waitFor(() => expect(queryClient.getQueryData(["operations.list", {}])).toBeDefined());
  expect(screen.queryByRole("button")).toBeNull();
  // What would be there, is there once something runs: the same question has the other answer.
  act(() => learn({ ...half, id: "next" }));
  expect(await screen.findByRole("button", { name: /Installing/ })).toBeInTheDocument();
  act(() => learn({ ...ended, id: "next", state: "cancelled" }));
  await waitFor(() => expect(screen.queryByRole("button")).toBeNull());
});

test("what runs is told in a line, and the look for releases is not", async () => {
  shown(<Tray />, launcherWith(operation("versions.releases", "releases"), half));
  const pill = await screen.findByRole("button", { name: /Installing v0\.3\.64/ });
  expect(pill).toHaveTextContent("Stage 5 of 7 · 42 %");
  expect(pill).not.toHaveTextContent("+1");
});

test("the panel tells the step, cancels, and gives the focus back on Escape", async () => {
  const user = userEvent.setup();
  const launcher = launcherWith(half);
  shown(<Tray />, launcher);
  await user.click(await screen.findByRole("button", { name: /Installing/ }));
  const panel = screen.getByRole("region", { name: "What runs now" });
  expect(panel).toHaveFocus();
  expect(panel).toHaveTextContent("Stage 5 of 7 · Install the packages");
  expect(panel).toHaveTextContent("12 of 38 packages · downloaded torch");
  await user.click(within(panel).getByRole("button", { name: "Cancel: Installing v0.3.64" }));
  expect(launcher.asked("operations.cancel")).toEqual([{ operation_id: half.id }]);
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.getByRole("button", { name: /Installing/ })).toHaveFocus());
});

test("an end out of sight is told once, with what comes next", async () => {
  shown(<Tray />, launcherWith(half));
  await screen.findByRole("button", { name: /Installing/ });
  act(() => learn({ ...ended, state: "succeeded" }));
  expect(await screen.findByRole("button", { name: "Launch" })).toBeInTheDocument();
  act(() => learn({ ...ended, state: "succeeded", progress: { ...half.progress, fraction: 1 } }));
  expect(screen.getAllByRole("button", { name: "Launch" })).toHaveLength(1);
});

test("a failure out of sight says why and leads to its job", async () => {
  const user = userEvent.setup();
  const error = { code: "disk-full", message: "The disk is full.", hint: "Make room.", details: {} };
  shown(<Tray />, launcherWith(half));
  await screen.findByRole("button", { name: /Installing/ });
  act(() => learn({ ...ended, state: "failed", error }));
  expect(await screen.findByText("The disk is full.")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Show" }));
  expect(location.hash).toBe(`#/jobs/${half.id}`);
});

test("an end in sight is not told: the tray is open", async () => {
  show({ trayOpen: true });
  shown(<Tray />, launcherWith(half));
  await screen.findByText("12 of 38 packages · downloaded torch");
  act(() => learn({ ...ended, state: "succeeded" }));
  expect(await screen.findByText("Nothing runs at the moment.")).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Launch" })).toBeNull();
});

test("a screen reader hears the begin and the end, not the percents", async () => {
  shown(<Tray />, launcherWith());
  const heard = screen.getByRole("status");
  await waitFor(() => expect(queryClient.getQueryData(["operations.list", {}])).toBeDefined());
  act(() => learn(install));
  await waitFor(() => expect(heard).toHaveTextContent("Installing v0.3.64 has begun."));
  act(() => learn(half));
  await screen.findByText(/42 %/);
  expect(heard).toHaveTextContent("Installing v0.3.64 has begun.");
  act(() => learn({ ...ended, state: "succeeded" }));
  await waitFor(() => expect(heard).toHaveTextContent(/^Installed v0\.3\.64\.$/));
});

test("a failure is said once to a screen reader, and while a dialog hides the page", async () => {
  shown(<Tray />, launcherWith(half));
  await screen.findByRole("button", { name: /Installing/ });
  const heard = screen.getByRole("status");
  expect(heard).toHaveAttribute("aria-live", "polite");
  act(() => learn({ ...ended, state: "failed" }));
  await waitFor(() => expect(heard).toHaveTextContent(/^Installing v0\.3\.64 failed\.$/));
});

test("the panel leaves out what looks for releases by itself", async () => {
  show({ trayOpen: true });
  const quiet = operation("versions.releases", "releases");
  shown(<Tray />, launcherWith(quiet, { ...quiet, id: "before", state: "succeeded", finished_at: ended.finished_at }, half));
  await screen.findByText("Installing v0.3.64");
  expect(screen.getByRole("region", { name: "What runs now" })).not.toHaveTextContent(/new releases/);
});

test("closed, the panel gives the focus back to what it was opened from", async () => {
  const user = userEvent.setup();
  shown(
    <>
      <input aria-label="elsewhere" />
      <Tray />
    </>,
    launcherWith(half),
  );
  await screen.findByRole("button", { name: /Installing/ });
  await user.click(screen.getByRole("textbox", { name: "elsewhere" }));
  act(() => show({ trayOpen: true }));
  expect(screen.getByRole("region", { name: "What runs now" })).toHaveFocus();
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.getByRole("textbox", { name: "elsewhere" })).toHaveFocus());
});

test("a failure is told also while a dialog about something else is open", async () => {
  const error = { code: "disk-full", message: "The disk is full.", hint: "Make room.", details: {} };
  shown(
    <>
      <div role="dialog" aria-label="Commands" />
      <Tray />
    </>,
    launcherWith(half),
  );
  await screen.findByRole("button", { name: /Installing/ });
  act(() => learn({ ...ended, state: "failed", error }));
  expect(await screen.findByText("The disk is full.")).toBeInTheDocument();
});
