import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import { Jobs } from "@/features/operations/jobs";
import { useRoute } from "@/state/route";
import { useOperationLogs } from "@/state/operations";

import { FakeTransport } from "../fake-transport";
import { jobs, operation, trash } from "../samples";
import { shown } from "../shown";

const error = { code: "disk-full", message: "The disk is full.", hint: "Make room.", details: { free: 1 } };
const failed = operation("versions.install", "v2", {
  state: "failed",
  error,
  request: { reference: "v2" },
  created_at: "2025-10-20T11:00:00Z",
  finished_at: "2025-10-20T11:00:09Z",
});
const done = operation("versions.uninstall", "v1", {
  state: "succeeded",
  result: { entry: "e", tag: "v1", reason: "", trashed_at: "" },
  finished_at: "2025-10-20T10:00:01Z",
});

// As app.tsx does it: the address says which one is chosen.
function Place() {
  const { part } = useRoute();
  return <Jobs {...(part ? { selected: part } : {})} />;
}

beforeEach(() => {
  location.hash = "#/jobs";
});

test("nothing has run yet: it says what will stand here", async () => {
  shown(<Place />, new FakeTransport().answer("operations.list", jobs()));
  expect(await screen.findByText("Nothing has run yet")).toBeInTheDocument();
});

test("a launcher that refuses is told with a way to ask again", async () => {
  shown(<Place />, new FakeTransport().refuse("operations.list", "metadata-corrupt", "The journal is damaged."));
  expect(await screen.findByText("The journal is damaged.")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Try again" })).toBeInTheDocument();
});

test("arrow keys go from job to job, and what is chosen is shown", async () => {
  const user = userEvent.setup();
  shown(<Place />, new FakeTransport().answer("operations.list", jobs(failed, done)));
  const first = await screen.findByRole("link", { name: /Installing v2 failed/ });
  act(() => first.focus());
  await user.keyboard("{ArrowDown}");
  expect(screen.getByRole("link", { name: /Moved v1 to the trash/ })).toHaveFocus();
  expect(screen.getByRole("article", { name: "Moved v1 to the trash" })).toHaveTextContent(
    "It lies in the trash and can be taken back from there.",
  );
  await user.keyboard("{ArrowUp}");
  expect(screen.getByRole("article", { name: "Installing v2 failed" })).toBeInTheDocument();
});

test("what the arrow keys pass by is no place to come back to", async () => {
  const user = userEvent.setup();
  shown(<Place />, new FakeTransport().answer("operations.list", jobs(failed, done)));
  const first = await screen.findByRole("link", { name: /Installing v2 failed/ });
  const places = history.length;
  act(() => first.focus());
  await user.keyboard("{ArrowDown}{ArrowUp}{ArrowDown}");
  expect(location.hash).toBe(`#/jobs/${done.id}`);
  expect(history).toHaveLength(places);
});

test("where there is no room the list and a job stand one at a time", async () => {
  const roomy = window.matchMedia;
  vi.stubGlobal("matchMedia", (query: string) => ({ ...roomy(query), matches: false }));
  const user = userEvent.setup();
  shown(<Place />, new FakeTransport().answer("operations.list", jobs(failed, done)));
  const first = await screen.findByRole("link", { name: /Installing v2 failed/ });
  expect(screen.queryByRole("article")).toBeNull();
  act(() => first.focus());
  await user.keyboard("{ArrowDown}");
  expect(screen.getByRole("link", { name: /Moved v1 to the trash/ })).toHaveFocus();
  expect(screen.queryByRole("article")).toBeNull();
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("article", { name: "Moved v1 to the trash" })).toBeInTheDocument();
  expect(screen.queryByRole("complementary")).toBeNull();
  await user.click(screen.getByRole("link", { name: "All jobs" }));
  expect(await screen.findByRole("complementary", { name: "All jobs" })).toBeInTheDocument();
  vi.stubGlobal("matchMedia", roomy);
});

test("a failure says why and what to do, and is tried again by a press", async () => {
  const user = userEvent.setup();
  const launcher = new FakeTransport()
    .answer("operations.list", jobs(failed))
    .answer("versions.trash", trash())
    .answer("operations.retry", { operation_id: "next", kind: "versions.install", subject: "v2" });
  shown(<Place />, launcher);
  const card = await screen.findByRole("alert");
  expect(card).toHaveTextContent("The disk is full.");
  expect(card).toHaveTextContent("Make room.");
  await user.click(within(card).getByRole("button", { name: "Try again" }));
  expect(launcher.asked("operations.retry")).toEqual([{ operation_id: failed.id }]);
  expect(location.hash).toBe("#/jobs/next");
});

const INTERRUPTED = { code: "operation-interrupted", message: "The launcher ended.", hint: "Ask again.", details: {} };

test.each([
  ["undone", "Undone", "Everything is as it was before", true],
  ["left", "Something is left", "It was left as it was found", true],
  ["finished", "Then finished", "It was finished at the next start", false],
] as const)("an interrupted job that was %s says so instead of alarming", async (outcome, badge, title, repeatable) => {
  const recovery = { outcome, words: "In the words of the launcher." };
  const job = operation("versions.install", "v2", { state: "interrupted", error: INTERRUPTED, request: { reference: "v2" }, recovery, finished_at: "2025-10-20T11:00:09Z" });
  const launcher = new FakeTransport().answer("operations.list", jobs(job)).answer("operations.retry", { operation_id: "next", kind: job.kind, subject: "v2" });
  shown(<Place />, launcher);
  const article = await screen.findByRole("article");
  expect(article).toHaveTextContent(title);
  expect(article).toHaveTextContent(badge);
  expect(article).toHaveTextContent("In the words of the launcher.");
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.queryByRole("button", { name: "Try again" }) !== null).toBe(repeatable);
  if (!repeatable) return;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(launcher.asked("operations.retry")).toEqual([{ operation_id: job.id }]);
});

test("an interrupted job that is not settled yet is told as the error that it is", async () => {
  const job = operation("versions.install", "v2", { state: "interrupted", error: INTERRUPTED });
  shown(<Place />, new FakeTransport().answer("operations.list", jobs(job)));
  expect(await screen.findByRole("alert")).toHaveTextContent("The launcher ended.");
});

test("records that cannot be read are told beside those that can", async () => {
  const problem = { path: "/home/ada/launcher-data/operations/x.jsonl", reason: "Its first line is torn.", recovered: false };
  shown(<Place />, new FakeTransport().answer("operations.list", { ...jobs(done), problems: [problem] }));
  const note = await screen.findByRole("note");
  expect(note).toHaveTextContent("The record of a job cannot be read");
  expect(screen.getByRole("link", { name: /Moved v1 to the trash/ })).toBeVisible();
  await userEvent.click(within(note).getByRole("button", { name: "Show" }));
  expect(location.hash).toBe("#/about/files");
});

test("a filter leaves what it names", async () => {
  const user = userEvent.setup();
  shown(<Place />, new FakeTransport().answer("operations.list", jobs(failed, done)));
  await user.click(await screen.findByRole("radio", { name: "Done" }));
  expect(screen.queryByRole("link", { name: /Installing v2 failed/ })).toBeNull();
  await user.click(screen.getByRole("radio", { name: "Running" }));
  expect(screen.getByText("No job is like that.")).toBeInTheDocument();
});

test("a job that is no longer on record is said to be so", async () => {
  location.hash = "#/jobs/long-gone";
  shown(<Place />, new FakeTransport().answer("operations.list", jobs(done)));
  expect(await screen.findByText("This job is not on record")).toBeInTheDocument();
});

test("what the tools said is shown as text, never as a page", async () => {
  shown(<Place />, new FakeTransport().answer("operations.list", jobs(failed)));
  await screen.findByRole("alert");
  act(() => useOperationLogs.getState().add(failed.id, "<img src=x onerror=alert(1)>"));
  const said = screen.getByRole("region", { name: "What its tools said" });
  expect(said).toHaveTextContent("<img src=x onerror=alert(1)>");
  expect(said.querySelector("img")).toBeNull();
});
