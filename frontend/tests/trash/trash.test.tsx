import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";

import { stopAsking } from "@/features/trash/asking";
import { Trash } from "@/features/trash/trash";
import { useTrashCommands } from "@/features/trash/use-trash-commands";
import { useAllCommands, useShortcuts } from "@/state/commands";

import { FakeTransport } from "../fake-transport";
import { emptying, jobs, operation, trash, trashed, version } from "../samples";
import { shown } from "../shown";

const [one, other] = [trashed("v0.3.61"), trashed("v0.3.60", { bytes: 500_000_000 })];

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

function Place() {
  useShortcuts();
  useTrashCommands();
  const commands = useAllCommands();
  return (
    <>
      <Trash />
      <ul aria-label="commands">
        {commands.map((command) => (
          <li key={command.id}>{command.title}</li>
        ))}
      </ul>
    </>
  );
}

function launcher(list = trash(one, other)): FakeTransport {
  return new FakeTransport()
    .answer("versions.trash", list)
    .answer("operations.list", jobs())
    .answer("versions.restore", version("v0.3.61"))
    .answer("versions.plan_empty_trash", ({ entries }) => emptying([...(entries ?? [])]));
}

beforeEach(() => {
  location.hash = "#/trash";
  stopAsking();
});

const choose = (tag: string) => screen.findByRole("checkbox", { name: `Choose ${tag}` });

test("each entry says when it was removed, until when it can be had back, and what it takes", async () => {
  shown(<Place />, launcher(trash(trashed("v0.3.61", { trashed_at: inDays(-1.5), expires_at: inDays(12.2) }), { ...other, expires_at: null })));
  const [first, second] = (await screen.findAllByRole("row")).slice(1);
  expect(first).toHaveTextContent(/v0\.3\.61yesterdayin 12 days1\.9 GB/);
  expect(second).toHaveTextContent(/v0\.3\.60.*when you empty it.*500 MB/);
  expect(screen.getByRole("heading", { name: "2 versions · 2.4 GB" })).toBeVisible();
  expect(screen.getByText(/Each stays for 30 days/)).toBeVisible();
});

test("an empty trash says what belongs there", async () => {
  shown(<Place />, launcher(trash()));
  expect(await screen.findByText("The trash is empty")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Empty the trash…" })).toBeNull();
});

test("a refusal is told, and asked again", async () => {
  const world = launcher().refuse("versions.trash", "not-writable", "The trash cannot be read.");
  shown(<Place />, world);
  expect(await screen.findByRole("alert")).toHaveTextContent("The trash cannot be read.");
  world.answer("versions.trash", trash(one));
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await choose("v0.3.61")).toBeVisible();
});

test("records that cannot be read are told with their path, beside those that can", async () => {
  const problem = { path: "/home/ada/comfyui-versions/.trash/x.json", reason: "Its checksum does not fit.", recovered: false };
  shown(<Place />, launcher({ ...trash(one), problems: [problem] }));
  const note = await screen.findByRole("note");
  expect(note).toHaveTextContent(problem.path);
  expect(note).toHaveTextContent("Its checksum does not fit.");
  expect(screen.getByRole("checkbox", { name: "Choose v0.3.61" })).toBeVisible();
});

test("an entry is taken back by its button", async () => {
  const world = launcher();
  shown(<Place />, world);
  await userEvent.click(await screen.findByRole("button", { name: "Take back v0.3.61" }));
  expect(world.asked("versions.restore")).toEqual([{ entry: one.entry }]);
});

test("several are chosen by keyboard and taken back, one refusal notwithstanding", async () => {
  const world = launcher().refuse("versions.restore", "not-in-trash", "Its place is taken.");
  shown(<Place />, world);
  (await choose("v0.3.61")).focus();
  await userEvent.keyboard(" {ArrowDown} ");
  expect(screen.getByRole("heading", { name: "2 versions · 2.4 GB chosen" })).toBeVisible();
  await userEvent.keyboard("u");
  await waitFor(() => expect(world.asked("versions.restore")).toEqual([{ entry: one.entry }, { entry: other.entry }]));
  expect(await screen.findByText("Its place is taken.")).toBeInTheDocument();
});

test("Delete asks about the row that has the focus; Ctrl+A chooses all", async () => {
  shown(<Place />, launcher());
  (await choose("v0.3.60")).focus();
  await userEvent.keyboard("{Delete}");
  expect(screen.getByRole("dialog", { name: "Delete v0.3.60 for good?" })).toBeVisible();
  await userEvent.keyboard("{Escape}{Control>}a{/Control}{Delete}");
  expect(screen.getByRole("dialog", { name: "Delete 2 versions for good?" })).toBeVisible();
});

test("with nothing chosen the keys say so, and ask for nothing", async () => {
  const world = launcher();
  shown(<Place />, world);
  await choose("v0.3.61");
  await userEvent.keyboard("u");
  expect(await screen.findByText("Nothing is chosen yet")).toBeInTheDocument();
  expect(world.asked("versions.restore")).toEqual([]);
});

test("nothing is deleted before the question, which names what goes and what that does to the disk", async () => {
  const world = launcher();
  shown(<Place />, world);
  await userEvent.click(await choose("v0.3.60"));
  await userEvent.click(screen.getByRole("button", { name: "Delete for good…" }));
  const dialog = screen.getByRole("dialog", { name: "Delete v0.3.60 for good?" });
  expect(within(dialog).getByRole("button", { name: "Keep" })).toHaveFocus();
  expect(dialog).toHaveTextContent("412 MBcomes back to the disk");
  expect(world.asked("versions.plan_empty_trash")).toEqual([{ entries: [other.entry] }]);
  expect(world.asked("versions.empty_trash")).toEqual([]);
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete for good" }));
  expect(world.asked("versions.empty_trash")).toEqual([{ entries: [other.entry] }]);
});

test("as long as nobody knows what deleting does, it cannot be done", async () => {
  const world = launcher().refuse("versions.plan_empty_trash", "not-writable", "It may not be looked into.");
  shown(<Place />, world);
  await userEvent.click(await screen.findByRole("button", { name: "Empty the trash…" }));
  const dialog = screen.getByRole("dialog");
  expect(await within(dialog).findByText("It may not be looked into.")).toBeVisible();
  expect(within(dialog).getByRole("button", { name: "Delete for good" })).toBeDisabled();
});

test("what is being deleted says so and offers nothing", async () => {
  const work = operation("versions.empty_trash", "trash", { request: { entries: [one.entry] } });
  shown(<Place />, launcher().answer("operations.list", jobs(work)));
  const row = (await screen.findByText("being deleted now")).closest("tr") as HTMLElement;
  expect(row).toHaveTextContent("v0.3.61");
  expect(within(row).getByRole("checkbox")).toBeDisabled();
  expect(screen.getAllByText("being deleted now")).toHaveLength(1);
});

test("the palette empties the trash and takes back each entry, from every place", async () => {
  shown(<Place />, launcher());
  await choose("v0.3.61");
  const commands = screen.getByRole("list", { name: "commands" });
  await act(async () => {});
  expect(commands).toHaveTextContent("Empty the trash…");
  expect(commands).toHaveTextContent(/Take back v0\.3\.61, removed/);
  expect(commands).toHaveTextContent(/Take back v0\.3\.60, removed/);
});
