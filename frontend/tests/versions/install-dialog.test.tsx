import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";

import { InstallDialog } from "@/features/versions/install-dialog";
import { closeInstall, followInstall, openInstall, useInstallDialog } from "@/state/install-dialog";
import { learn, useOperationLogs } from "@/state/operations";
import type { OperationSnapshot } from "@/transport/contract.generated";

import { FakeTransport } from "../fake-transport";
import { jobs, listing, operation, plan, release, RTX_4070, version } from "../samples";
import { shown } from "../shown";

const BEGUN = { operation_id: "work", kind: "versions.install", subject: "v0.3.64" };
const NOTHING = operation("", "").progress;

beforeEach(() => {
  openInstall();
  closeInstall();
});

function launcher(): FakeTransport {
  return new FakeTransport()
    .answer("operations.list", jobs())
    .answer("versions.releases", listing(release("v0.3.64", "2025-10-08T06:00:00Z")))
    .answer("versions.plan", ({ reference }) => plan(reference))
    .answer("versions.install", BEGUN)
    .answer("system.hardware", RTX_4070)
    .answer("settings.list", { root: "/data", problem: null, settings: [], secrets: [] });
}

function work(more: Partial<OperationSnapshot> = {}): OperationSnapshot {
  return operation("versions.install", "v0.3.64", {
    id: "work",
    progress: { ...NOTHING, fraction: 0.3, step: "packages", step_number: 5, step_count: 7, done: 12, total: 38, detail: "downloading torch (170 MB)" },
    ...more,
  });
}

async function installing(world: FakeTransport): Promise<void> {
  shown(<InstallDialog />, world);
  act(() => openInstall("v0.3.64"));
  await userEvent.click(await screen.findByRole("button", { name: "Install v0.3.64" }));
  await waitFor(() => expect(useInstallDialog.getState().operationId).toBe("work"));
  act(() => learn(work()));
}

test("the price stands there before anything is asked for", async () => {
  const world = launcher();
  shown(<InstallDialog />, world);
  act(() => openInstall("v0.3.64"));
  expect(await screen.findByText("1.9 GB")).toBeVisible();
  expect(screen.getByText("68.1 GB stay free of 70 GB.")).toBeVisible();
  expect(world.asked("versions.plan")).toEqual([{ reference: "v0.3.64" }]);
  expect(world.asked("versions.install")).toEqual([]);
});

test("where the disk is too small nothing can be started", async () => {
  const small = plan("v0.3.64", { enough_room: false, free_bytes: 1e9 });
  shown(<InstallDialog />, launcher().answer("versions.plan", small));
  act(() => openInstall("v0.3.64"));
  expect(await screen.findByText(/Only 1 GB are free/)).toBeVisible();
  expect(screen.getByRole("button", { name: "Install v0.3.64" })).toBeDisabled();
});

test("what is installed already is shown instead", async () => {
  shown(<InstallDialog />, launcher().answer("versions.plan", plan("v0.3.64", { already_installed: true })));
  act(() => openInstall("v0.3.64"));
  await userEvent.click(await screen.findByRole("button", { name: "Show v0.3.64" }));
  expect(location.hash).toBe("#/version/v0.3.64");
});

test("a branch is typed, and priced when the typing rests", async () => {
  const world = launcher();
  shown(<InstallDialog />, world);
  act(() => openInstall());
  const field = await screen.findByRole("combobox", { name: "Release, branch or commit" });
  await waitFor(() => expect(field).toHaveValue("v0.3.64"));
  await userEvent.clear(field);
  await userEvent.type(field, "master");
  await waitFor(() => expect(world.asked("versions.plan")).toContainEqual({ reference: "master" }));
  expect(world.asked("versions.plan")).not.toContainEqual({ reference: "mas" });
  await userEvent.click(screen.getByRole("button", { name: "Install master" }));
  expect(world.asked("versions.install")).toEqual([{ reference: "master" }]);
});

test("a name that nobody knows is told with what to do, and cannot be installed", async () => {
  shown(<InstallDialog />, launcher().refuse("versions.plan", "version-not-found", "There is no v9.", "Did you mean v0.9?"));
  act(() => openInstall("v9"));
  expect(await screen.findByRole("alert")).toHaveTextContent("There is no v9.Did you mean v0.9?");
  expect(screen.getByRole("button", { name: "Install v9" })).toBeDisabled();
});

test("options are asked for as they were chosen, with what they cost", async () => {
  const world = launcher();
  shown(<InstallDialog />, world);
  act(() => openInstall("v0.3.64"));
  await userEvent.click(await screen.findByText("Options"));
  await userEvent.click(screen.getByRole("radio", { name: "Of today" }));
  await userEvent.type(screen.getByRole("textbox", { name: "Python" }), "3.12");
  const chosen = { reference: "v0.3.64", python: "3.12", packages_as_of: "today" };
  await waitFor(() => expect(world.asked("versions.plan")).toContainEqual(chosen));
  await userEvent.click(screen.getByRole("button", { name: "Install v0.3.64" }));
  expect(world.asked("versions.install")).toEqual([chosen]);
});

test("what was chosen for one version is not kept for the next", async () => {
  shown(<InstallDialog />, launcher());
  act(() => openInstall("v0.3.64"));
  await userEvent.click(await screen.findByText("Options"));
  await userEvent.type(screen.getByRole("textbox", { name: "Python" }), "3.12");
  act(() => openInstall("v0.3.62"));
  await waitFor(() => expect(screen.getByRole("textbox", { name: "Python" })).toHaveValue(""));
});

test("the stages pass live, with what the tools say", async () => {
  await installing(launcher());
  expect(await screen.findByRole("progressbar")).toHaveAttribute("aria-valuenow", "30");
  expect(screen.getByText("Install the packages").closest("li")).toHaveAttribute("aria-current", "step");
  expect(screen.getByText(/12 of 38 packages · downloading torch/)).toBeVisible();
  act(() => useOperationLogs.getState().add("work", "Downloading torch"));
  expect(screen.getByText("What the tools say")).toBeVisible();
});

test("Esc leaves it running in the background", async () => {
  const world = launcher();
  await installing(world);
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(world.asked("operations.cancel")).toEqual([]);
});

test("Cancel asks it to stop", async () => {
  const world = launcher();
  await installing(world);
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  expect(world.asked("operations.cancel")).toEqual([{ operation_id: "work" }]);
});

test("when it is there it can be launched at once", async () => {
  const world = launcher()
    .answer("versions.show", version("v0.3.64", { is_active: true }))
    .answer("versions.launch", { operation_id: "l", kind: "versions.launch", subject: "v0.3.64" });
  await installing(world);
  act(() => learn(work({ state: "succeeded", finished_at: "2025-10-20T10:05:00Z", result: { tag: "v0.3.64", torch: {}, package_count: 78, own_bytes: 1 } })));
  await userEvent.click(await screen.findByRole("button", { name: "Launch now" }));
  await waitFor(() => expect(world.asked("versions.launch")).toEqual([{ tag: "v0.3.64" }]));
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("when it fails the error stands in place, and the same is tried again", async () => {
  const world = launcher();
  await installing(world);
  const error = { code: "network-unreachable", message: "The index gave no answer.", hint: "Try again.", details: {} };
  act(() => learn(work({ state: "failed", finished_at: "2025-10-20T10:05:00Z", error })));
  expect(await screen.findByRole("alert")).toHaveTextContent("The index gave no answer.");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(world.asked("versions.install")).toEqual([{ reference: "v0.3.64" }, { reference: "v0.3.64" }]);
});

test("another installation that is followed is tried again as itself, not as the one before it", async () => {
  const world = launcher();
  await installing(world);
  const other = operation("versions.install", "v0.3.60", { id: "other", state: "failed", finished_at: "2025-10-20T10:05:00Z" });
  act(() => {
    learn(other);
    followInstall("other");
  });
  await userEvent.click(await screen.findByRole("button", { name: "Try again" }));
  expect(world.asked("versions.install").at(-1)).toEqual({ reference: "v0.3.60" });
});

test("an installation that is refused is told of in the dialog", async () => {
  const world = launcher().refuse("versions.install", "operation-conflict", "Something else is at work.", "Wait for it.");
  shown(<InstallDialog />, world);
  act(() => openInstall("v0.3.64"));
  await userEvent.click(await screen.findByRole("button", { name: "Install v0.3.64" }));
  const dialog = screen.getByRole("dialog");
  expect(await within(dialog).findByRole("alert")).toHaveTextContent("Something else is at work.Wait for it.");
  world.answer("versions.install", BEGUN);
  await userEvent.click(screen.getByRole("button", { name: "Install v0.3.64" }));
  await waitFor(() => expect(within(dialog).queryByRole("alert")).toBeNull());
});

test("what came of it is said within the dialog, where a screen reader listens", async () => {
  await installing(launcher());
  await screen.findByRole("progressbar");
  const heard = within(screen.getByRole("dialog")).getByRole("status");
  expect(heard).toBeEmptyDOMElement();
  act(() => learn(work({ state: "succeeded", finished_at: "2025-10-20T10:05:00Z", result: { tag: "v0.3.64", torch: {}, package_count: 78, own_bytes: 1 } })));
  await waitFor(() => expect(heard).toHaveTextContent("78 packages"));
});

test("the dialog asks at once what it was opened with costs, and nothing else", async () => {
  const world = launcher();
  shown(<InstallDialog />, world);
  act(() => openInstall("v0.3.60"));
  await waitFor(() => expect(world.asked("versions.plan")).toHaveLength(1));
  act(() => openInstall("v0.3.62"));
  await screen.findByRole("button", { name: "Install v0.3.62" });
  expect(world.asked("versions.plan")).toEqual([{ reference: "v0.3.60" }, { reference: "v0.3.62" }]);
});
