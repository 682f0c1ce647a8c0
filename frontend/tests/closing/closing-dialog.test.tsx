import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { ClosingDialog } from "@/features/closing/closing-dialog";
import { queryClient, remember } from "@/state/launcher";
import { useLive } from "@/state/live";
import { learn } from "@/state/operations";

import { FakeTransport } from "../fake-transport";
import { jobs, list, operation, settings, version } from "../samples";
import { shown } from "../shown";

const install = operation("versions.install", "v0.3.64");
const running = list(version("v0.3.63", { state: "running" }));

function ask(): void {
  act(() => useLive.setState({ closing: { type: "window.closing", running: ["v0.3.63"], operations: [install.id] } }));
}

function world(door: "window" | "browser" = "window"): FakeTransport {
  return new FakeTransport(door)
    .answer("versions.list", running)
    .answer("operations.list", jobs(install))
    .answer("window.ready", {})
    .answer("window.close", {})
    .answer("settings.change", settings());
}

beforeEach(() => useLive.setState({ closing: null }));

it("is asked in a browser that stands for the window, too", async () => {
  shown(<ClosingDialog />, world("browser"));
  ask();
  expect(await screen.findByRole("dialog")).toBeVisible();
});

it("lists what is still at work, as that ends", async () => {
  shown(<ClosingDialog />, world());
  ask();
  expect(await screen.findByText(/v0\.3\.64/)).toBeVisible();
  act(() => learn({ ...install, state: "succeeded" }));
  await waitFor(() => expect(screen.queryByText(/v0\.3\.64/)).toBeNull());
  expect(screen.getByText("v0.3.63")).toBeVisible();
  act(() => remember("versions.list", {}, () => list(version("v0.3.63"))));
  expect(await screen.findByRole("heading", { name: "Nothing is at work any more" })).toBeVisible();
  expect(screen.getByRole("button", { name: "Close the window" })).toBeVisible();
});

it("forgets “always” when the user stays after all", async () => {
  const launcher = world();
  shown(<ClosingDialog />, launcher);
  ask();
  await userEvent.click(screen.getByRole("switch"));
  await userEvent.click(screen.getByRole("button", { name: "Stay here" }));
  expect(launcher.asked("window.ready")).toHaveLength(1);
  ask();
  expect(screen.getByRole("switch")).not.toBeChecked();
  await userEvent.click(screen.getByRole("button", { name: "Keep it running and close" }));
  await waitFor(() => expect(launcher.asked("window.close")).toEqual([{ running: "keep" }]));
  expect(launcher.asked("settings.change")).toEqual([]);
});

it("says why the window could not be closed", async () => {
  shown(<ClosingDialog />, world().refuse("window.close", "stop-failed", "It does not end."));
  await waitFor(() => expect(queryClient.isFetching()).toBe(0));
  ask();
  await userEvent.click(screen.getByRole("button", { name: "Stop it and close" }));
  expect(await screen.findByText("It does not end.")).toBeVisible();
});
