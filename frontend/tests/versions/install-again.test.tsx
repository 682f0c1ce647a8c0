import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { toast } from "sonner";
import { afterEach, beforeEach, expect, test } from "vitest";

import { installAgain } from "@/features/versions/actions";
import { optionsAsBefore } from "@/features/versions/as-before";
import { InstallDialog } from "@/features/versions/install-dialog";
import { closeInstall, openInstall } from "@/state/install-dialog";
import { learn } from "@/state/operations";
import type { SettingStatus, VersionStatus } from "@/transport/contract.generated";

import { FakeTransport } from "../fake-transport";
import { jobs, listing, operation, plan, RTX_4070, version } from "../samples";
import { shown } from "../shown";

const LINKS: SettingStatus = { name: "find_links", value: ["/opt/wheels"], default: [], source: "file", variables: [], description: "" };
const damaged = version("v1", {
  state: "damaged",
  is_active: true,
  python: "3.11.9",
  torch: { backend: null, spec: "torch==2.13.0+cpu", find_links: ["/own", "/opt/wheels"], version: "2.13.0+cpu" },
});
const AS_BEFORE = {
  reference: "v1",
  torch_spec: "torch==2.13.0+cpu",
  python: "3.11",
  packages_as_of: "release",
  find_links: ["/own"],
};
const gone = operation("versions.uninstall", "v1", { id: "gone", state: "succeeded", result: { entry: "v1-x" } });
const work = operation("versions.install", "v1", { id: "work" });

beforeEach(() => {
  openInstall();
  closeInstall();
});
afterEach(() => toast.dismiss());

function launcher(): FakeTransport {
  return new FakeTransport()
    .answer("operations.list", jobs())
    .answer("versions.releases", listing())
    .answer("versions.plan", ({ reference }) => plan(reference, { already_installed: true }))
    .answer("versions.uninstall", { operation_id: "gone", kind: "versions.uninstall", subject: "v1" })
    .answer("versions.install", { operation_id: "work", kind: "versions.install", subject: "v1" })
    .answer("versions.restore", damaged)
    .answer("system.hardware", RTX_4070)
    .answer("system.info", { launcher: "1", root: "/data", python: "3.12.1", platform: "Linux", git: null, uv: null, free_bytes: 70e9, notices: [] })
    .answer("settings.list", { root: "/data", problem: null, settings: [LINKS], secrets: [] });
}

async function asking(world: FakeTransport): Promise<void> {
  shown(<InstallDialog />, world);
  await act(() => installAgain(damaged));
  await screen.findByText("1.9 GB");
}

async function begun(world: FakeTransport): Promise<void> {
  await asking(world);
  await userEvent.click(screen.getByRole("button", { name: "Install v1" }));
  await waitFor(() => expect(world.asked("versions.uninstall")).toEqual([{ tag: "v1" }]));
  act(() => learn(gone));
}

test("the price stands there first, for what it was before, and nothing is done to the version", async () => {
  const world = launcher();
  await asking(world);
  expect(screen.getByRole("dialog", { name: "Install v1 again" })).toHaveTextContent(/v1 goes to the trash when the installation begins/);
  expect(world.asked("versions.plan")).toEqual([AS_BEFORE]);
  await userEvent.click(screen.getByRole("button", { name: "Not now" }));
  expect(world.asked("versions.uninstall")).toEqual([]);
});

test("it goes to the trash as the installation begins, and the new one is made as it was", async () => {
  const world = launcher();
  await begun(world);
  await waitFor(() => expect(world.asked("versions.install")).toEqual([AS_BEFORE]));
});

test("while the new one is not there, Undo ends its installation and takes the old one back", async () => {
  const world = launcher().answer("operations.show", work).answer("operations.cancel", work);
  await begun(world);
  await screen.findByText("v1 as it was is in the trash");
  act(() => learn(work));
  act(() => closeInstall());
  await userEvent.click(screen.getByRole("button", { name: "Undo" }));
  await waitFor(() => expect(world.asked("operations.cancel")).toEqual([{ operation_id: "work" }]));
  expect(world.asked("versions.restore")).toEqual([]);
  act(() => learn({ ...work, state: "cancelled", finished_at: "2025-10-20T10:05:00Z" }));
  await waitFor(() => expect(world.asked("versions.restore")).toEqual([{ entry: "v1-x" }]));
});

test("once the new one is there, there is nothing to undo", async () => {
  await begun(launcher());
  await screen.findByText("v1 as it was is in the trash");
  act(() => learn({ ...work, state: "succeeded", finished_at: "2025-10-20T10:05:00Z", result: { tag: "v1" } }));
  await waitFor(() => expect(screen.queryByRole("button", { name: "Undo" })).toBeNull());
});

test("an installation that is refused puts the version back in its place, and says why", async () => {
  const world = launcher().refuse("versions.install", "operation-conflict", "Something else is at work.", "Wait.");
  await begun(world);
  expect(await within(screen.getByRole("dialog")).findByRole("alert")).toHaveTextContent("Something else is at work.");
  expect(world.asked("versions.restore")).toEqual([{ entry: "v1-x" }]);
});

test("a version that cannot go to the trash is left as it is", async () => {
  const world = launcher().refuse("versions.uninstall", "version-in-use", "v1 runs.", "Stop it.");
  await asking(world);
  await userEvent.click(screen.getByRole("button", { name: "Install v1" }));
  expect(await within(screen.getByRole("dialog")).findByRole("alert")).toHaveTextContent("v1 runs.");
  expect(world.asked("versions.install")).toEqual([]);
});

test("a second try does not look for what is in the trash already", async () => {
  const world = launcher();
  await begun(world);
  await waitFor(() => expect(world.asked("versions.install")).toHaveLength(1));
  const error = { code: "network-unreachable", message: "No network.", hint: "", details: {} };
  act(() => learn({ ...work, state: "failed", error, finished_at: "2025-10-20T10:05:00Z" }));
  await userEvent.click(await screen.findByRole("button", { name: "Try again" }));
  await waitFor(() => expect(world.asked("versions.install")).toEqual([AS_BEFORE, AS_BEFORE]));
  expect(world.asked("versions.uninstall")).toHaveLength(1);
});

test.each<[string, Partial<VersionStatus>, object]>([
  ["the newest packages", { packages_as_of: null }, { packages_as_of: "today" }],
  ["a named build", { torch: { backend: "cu126", spec: null, find_links: [], version: null } }, { torch_backend: "cu126" }],
])("%s stay what they were, and the launcher's own Python is not named", (_, more, expected) => {
  const options = optionsAsBefore(version("v1", { python: "3.12.9", ...more }), [], "3.12.1");
  expect(options).toMatchObject({ reference: "v1", ...expected });
  expect(options).not.toHaveProperty("python");
});
