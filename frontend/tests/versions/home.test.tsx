import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import { Home } from "@/features/versions/home";
import { stopAsking } from "@/features/versions/removal";
import { VersionSwitcher } from "@/features/versions/switcher";
import { UninstallDialog } from "@/features/versions/uninstall-dialog";
import { closeInstall, openInstall, useInstallDialog } from "@/state/install-dialog";
import { learn } from "@/state/operations";
import type { VersionStatus } from "@/transport/contract.generated";

import { FakeTransport } from "../fake-transport";
import { instance, jobs, list, listing, operation, plan, release, removal, RTX_4070, trash, trashed, version } from "../samples";
import { shown } from "../shown";

const RELEASES = listing(release("v0.3.64", "2025-10-08T06:00:00Z", { notes: "## News\n* a thing" }), release("v0.3.62", "2025-09-30T06:00:00Z"));

// jsdom has no pointer to capture; toasts ask for it when they are pressed.
HTMLElement.prototype.setPointerCapture = () => {};

beforeEach(() => {
  location.hash = "";
  openInstall();
  closeInstall();
  stopAsking();
});

function launcher(...versions: VersionStatus[]): FakeTransport {
  return new FakeTransport()
    .answer("versions.list", list(...versions))
    .answer("versions.releases", RELEASES)
    .answer("versions.trash", trash())
    .answer("operations.list", jobs())
    .answer("models.folders", { folders: [], model_count: 3 })
    .answer("system.hardware", RTX_4070);
}

// As app.tsx has it: the dialog stands beside every place.
const Place = () => (
  <>
    <Home />
    <UninstallDialog />
  </>
);

const active = (more: Partial<VersionStatus> = {}) => version("v0.3.62", { is_active: true, released_at: "2025-09-30T06:00:00Z", ...more });

test("until the versions are known their shape is shown, and no button", () => {
  shown(<Home />, new FakeTransport());
  expect(screen.getByRole("status", { name: "Loading" })).toBeInTheDocument();
  expect(screen.queryByRole("button")).toBeNull();
});

test("a refusal is told with its way out, and asking again brings the versions", async () => {
  const world = launcher(active()).refuse("versions.list", "metadata-corrupt", "The list is damaged.", "Restore it.");
  shown(<Home />, world);
  expect(await screen.findByRole("alert")).toHaveTextContent("The list is damaged.Restore it.");
  world.answer("versions.list", list(active()));
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("heading", { name: /v0\.3\.62/ })).toBeVisible();
});

test("with no version there are three choices, the verdict on this machine, and the price", async () => {
  const world = launcher()
    .answer("system.info", { launcher: "1", root: "/data/comfy", python: "3.12", platform: "Linux", git: null, uv: null, free_bytes: 70e9, notices: [] })
    .answer("models.folders", { folders: [], model_count: 0 })
    .answer("versions.plan", plan("v0.3.64"));
  shown(<Home />, world);
  expect(await screen.findByText(RTX_4070.verdict)).toBeVisible();
  expect(screen.getAllByRole("listitem")).toHaveLength(3);
  expect(screen.getByText("/data/comfy")).toBeVisible();
  expect(await screen.findByText(/about 1\.9 GB of the 70 GB/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Install v0.3.64" }));
  expect(useInstallDialog.getState()).toMatchObject({ open: true, reference: "v0.3.64" });
  expect(world.asked("versions.install")).toEqual([]);
});

test("other releases are shown to those who ask for them", async () => {
  shown(<Home />, launcher());
  await userEvent.click(await screen.findByRole("button", { name: "Another release" }));
  expect(await screen.findByRole("button", { name: "Install v0.3.62…" })).toBeVisible();
});

test("the active version is launched; whether it has a GPU is the launcher's to know", async () => {
  const world = launcher(active(), version("v0.3.61"));
  shown(<Home />, world);
  await userEvent.click(await screen.findByRole("button", { name: "Launch" }));
  await waitFor(() => expect(world.asked("versions.launch")).toEqual([{ tag: "v0.3.62" }]));
});

test("while it starts the stages are shown, and it can be cancelled", async () => {
  const start = operation("versions.launch", "v0.3.62", {
    progress: { ...operation("", "").progress, fraction: 0.5, step: "ready", step_number: 3, step_count: 3, detail: "the nodes are loaded" },
  });
  const world = launcher(active()).answer("operations.list", jobs(start));
  shown(<Home />, world);
  expect(await screen.findByText("the nodes are loaded")).toBeVisible();
  expect(screen.getByText("Wait until it answers").closest("li")).toHaveAttribute("aria-current", "step");
  expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "50");
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(world.asked("versions.stop")).toEqual([{ tag: "v0.3.62" }]));
});

test("a running one is opened in the browser, and stopped beside it", async () => {
  const opened = vi.spyOn(window, "open").mockReturnValue(null);
  const world = launcher(active({ state: "running", instance: instance("v0.3.62") }));
  shown(<Home />, world);
  await userEvent.click(await screen.findByRole("button", { name: "Open" }));
  expect(opened).toHaveBeenCalledWith("http://127.0.0.1:8188", "_blank", "noopener,noreferrer");
  await userEvent.click(screen.getByRole("button", { name: "Stop" }));
  await waitFor(() => expect(world.asked("versions.stop")).toEqual([{ tag: "v0.3.62" }]));
  opened.mockRestore();
});

test("in the window ComfyUI's page goes to the browser, never into the window", async () => {
  const world = new FakeTransport("window")
    .answer("versions.list", list(active({ state: "running", instance: instance("v0.3.62") })))
    .answer("operations.list", jobs())
    .answer("window.open_link", {});
  shown(<Home />, world);
  await userEvent.click(await screen.findByRole("button", { name: "Open" }));
  expect(world.asked("window.open_link")).toEqual([{ url: "http://127.0.0.1:8188" }]);
});

test("a crash is told with its cause, and one press does what the advice says", async () => {
  const exit = { words: "exit code 1", at: null, on_request: false, cause: "torch finds no driver.", advice: "Update it, or launch it with `--cpu`." };
  const world = launcher(active({ last_exit: exit }));
  shown(<Home />, world);
  const card = await screen.findByRole("alert");
  expect(card).toHaveTextContent("Torch finds no driver.");
  await userEvent.click(within(card).getByRole("button", { name: "Launch on the processor" }));
  await waitFor(() => expect(world.asked("versions.launch")).toEqual([{ tag: "v0.3.62", cpu: true }]));
});

test("ComfyUI's page that cannot be opened is said to be so", async () => {
  const world = new FakeTransport("window")
    .answer("versions.list", list(active({ state: "running", instance: instance("v0.3.62") })))
    .answer("operations.list", jobs())
    .refuse("window.open_link", "no-window", "No browser was found.", "Install one.");
  shown(<Home />, world);
  await userEvent.click(await screen.findByRole("button", { name: "Open" }));
  expect(await screen.findByText("No browser was found.")).toBeInTheDocument();
});

test("a damaged one says what is missing", async () => {
  shown(<Home />, launcher(active({ state: "damaged", missing: ["environment"] })));
  expect(await screen.findByText(/Parts of it are gone: environment/)).toBeVisible();
});

test("with no model it says that nothing can be made, and offers those that are there", async () => {
  shown(<Home />, launcher(active()).answer("models.folders", { folders: [], model_count: 0 }));
  await userEvent.click(await screen.findByRole("button", { name: "Use models you have" }));
  expect(screen.getByRole("dialog", { name: "Models you have already" })).toBeVisible();
});

test("a refused launch is told where the user looks", async () => {
  const world = launcher(active()).refuse("versions.launch", "operation-conflict", "Something else works on it.", "Wait for it.");
  shown(<Home />, world);
  await userEvent.click(await screen.findByRole("button", { name: "Launch" }));
  expect(await screen.findByText("Something else works on it.")).toBeInTheDocument();
});

test("the arrow keys go through the other versions, with one stop of the Tab key", async () => {
  shown(<Home />, launcher(active(), version("v0.3.61"), version("v0.3.60")));
  const [first, second] = [await screen.findByRole("link", { name: "v0.3.61" }), screen.getByRole("link", { name: "v0.3.60" })];
  first.focus();
  await userEvent.keyboard("{ArrowDown}");
  expect(second).toHaveFocus();
  expect(first).toHaveAttribute("tabindex", "-1");
  await userEvent.keyboard("{ArrowRight}");
  expect(screen.getByRole("button", { name: "Launch v0.3.60" })).toHaveFocus();
  await userEvent.keyboard("{ArrowUp}");
  expect(screen.getByRole("button", { name: "Launch v0.3.61" })).toHaveFocus();
});

test("a version goes to the trash after a look at what that does, and Undo brings it back", async () => {
  const world = launcher(active(), version("v0.3.61"))
    .answer("versions.plan_uninstall", removal("v0.3.61"))
    .answer("versions.uninstall", { operation_id: "gone", kind: "versions.uninstall", subject: "v0.3.61" })
    .answer("versions.restore", version("v0.3.61"));
  shown(<Place />, world);
  await userEvent.click(await screen.findByRole("button", { name: "More for v0.3.61" }));
  await userEvent.click(screen.getByRole("menuitem", { name: "Move to the trash…" }));
  const dialog = await screen.findByRole("dialog", { name: "Move v0.3.61 to the trash?" });
  expect(dialog).toHaveTextContent("412 MBcomes back, once it is deleted for good");
  expect(dialog).toHaveTextContent("41,207 files deleted, 37 links unlinked; what they lead to stays.");
  expect(dialog).toHaveTextContent("0 bytes outside: nothing else is touched.");
  expect(dialog).toHaveTextContent("It waits in the trash for 30 days");
  expect(dialog).toHaveTextContent("/home/ada/comfyui-versions/v0.3.61");
  expect(within(dialog).getByRole("button", { name: "Keep it" })).toHaveFocus();
  expect(world.asked("versions.uninstall")).toEqual([]);
  await userEvent.click(within(dialog).getByRole("button", { name: "Move to the trash" }));
  await waitFor(() => expect(world.asked("versions.uninstall")).toEqual([{ tag: "v0.3.61" }]));
  act(() => learn(operation("versions.uninstall", "v0.3.61", { id: "gone", state: "succeeded", result: { entry: "v0.3.61-x" } })));
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  expect(world.asked("versions.restore")).toEqual([{ entry: "v0.3.61-x" }]);
});

async function askAbout(tag: string): Promise<HTMLElement> {
  await userEvent.click(await screen.findByRole("button", { name: `More for ${tag}` }));
  await userEvent.click(screen.getByRole("menuitem", { name: "Move to the trash…" }));
  return screen.findByRole("dialog", { name: `Move ${tag} to the trash?` });
}

test("one that runs cannot be moved to the trash: it can be stopped there", async () => {
  const world = launcher(active(), version("v0.3.61", { state: "running", instance: instance("v0.3.61") })).answer(
    "versions.plan_uninstall",
    removal("v0.3.61", { running: true }),
  );
  shown(<Place />, world);
  const dialog = await askAbout("v0.3.61");
  expect(within(dialog).getByRole("button", { name: "Move to the trash" })).toBeDisabled();
  await userEvent.click(within(dialog).getByRole("button", { name: "Stop v0.3.61" }));
  expect(world.asked("versions.stop")).toEqual([{ tag: "v0.3.61" }]);
});

test("one with something mounted inside is not moved, and the dialog says why", async () => {
  const reason = "/data/models is mounted in its folder. Unmount it first.";
  const world = launcher(active(), version("v0.3.61")).answer("versions.plan_uninstall", removal("v0.3.61", { in_the_way: [reason] }));
  shown(<Place />, world);
  const dialog = await askAbout("v0.3.61");
  expect(await within(dialog).findByRole("alert")).toHaveTextContent(reason);
  expect(within(dialog).getByRole("button", { name: "Move to the trash" })).toBeDisabled();
});

test("while the plan is made its shape is shown; where it cannot be made that is said", async () => {
  const world = launcher(active(), version("v0.3.61"));
  shown(<Place />, world);
  const dialog = await askAbout("v0.3.61");
  expect(within(dialog).getByRole("status", { name: "Looking at every file" })).toBeInTheDocument();
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("dialog")).toBeNull();
  world.refuse("versions.plan_uninstall", "not-writable", "It may not be looked into.", "Give yourself access.");
  expect(await within(await askAbout("v0.3.61")).findByRole("alert")).toHaveTextContent("It may not be looked into.");
});

test("what waits in the trash is one line, and the way there", async () => {
  const world = launcher(active()).answer("versions.trash", trash(trashed("v0.3.60"), trashed("v0.3.59", { bytes: null })));
  shown(<Home />, world);
  const line = await screen.findByRole("link", { name: /2 versions in the trash/ });
  expect(line).toHaveTextContent("at least 1.9 GB");
  expect(line).toHaveAttribute("href", "#/trash");
});

test("what is being installed stands in the list, and shows its stages when asked", async () => {
  const work = operation("versions.install", "v0.3.64", {
    progress: { ...operation("", "").progress, fraction: 0.4, step: "packages", step_number: 5, step_count: 7 },
  });
  shown(<Home />, launcher(active()).answer("operations.list", jobs(work)));
  const row = (await screen.findByText("Installing")).closest("tr") as HTMLElement;
  expect(row).toHaveTextContent("v0.3.64");
  expect(row).toHaveTextContent("40 % · Install the packages");
  await userEvent.click(within(row).getByRole("button", { name: "Show" }));
  expect(useInstallDialog.getState()).toMatchObject({ open: true, operationId: work.id });
});

test("releases newer than mine are marked, their notes open on demand, and the search finds", async () => {
  shown(<Home />, launcher(active()));
  const row = await screen.findByRole("button", { name: /v0\.3\.64 New/ });
  expect(row).toHaveTextContent("8 days newer");
  expect(screen.queryByText("a thing")).toBeNull();
  await userEvent.click(row);
  expect(screen.getByText("a thing")).toBeVisible();
  await userEvent.type(screen.getByRole("searchbox", { name: "Search the releases" }), "nothing");
  expect(await screen.findByText("No release like that")).toBeVisible();
});

test("releases that cannot be asked for are told beside what is known", async () => {
  const problem = { code: "network-unreachable", message: "No network.", hint: "Connect.", details: {} };
  const world = launcher(active()).answer("versions.releases", { ...RELEASES, stale: true, problem });
  shown(<Home />, world);
  expect(await screen.findByText("No network.")).toBeVisible();
  expect(screen.getByRole("button", { name: "Install v0.3.64…" })).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(world.asked("versions.refresh_releases")).toEqual([{}]);
});

test("where GitHub told nothing, the releases are listed and the reason is said", async () => {
  const bare = listing(release("v0.3.64", null));
  shown(<Home />, launcher(active()).answer("versions.releases", { ...bare, notes_problem: "the limit is reached." }));
  expect(await screen.findByText("Dates and notes are missing: the limit is reached.")).toBeVisible();
  expect(screen.getByRole("button", { name: "Install v0.3.64…" })).toBeVisible();
});

test("with no release known the list says where they come from", async () => {
  shown(<Home />, launcher(active()).answer("versions.releases", { ...listing(), fetched_at: null, stale: true }));
  expect(await screen.findByText("No releases are known yet")).toBeVisible();
});

test("the switcher names the state, and makes another version the active one", async () => {
  const world = launcher(active(), version("v0.3.61")).answer("versions.activate", version("v0.3.61"));
  shown(<VersionSwitcher compact={false} />, world);
  await userEvent.click(await screen.findByRole("button", { name: /v0\.3\.62.*Stopped.*Choose a version/ }));
  await userEvent.click(screen.getByRole("menuitem", { name: /v0\.3\.61/ }));
  expect(world.asked("versions.activate")).toEqual([{ tag: "v0.3.61" }]);
});
