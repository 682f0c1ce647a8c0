import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { openInstall, useInstallDialog } from "@/state/install-dialog";
import { ErrorCard } from "@/ui/states";

import { FakeTransport } from "../fake-transport";
import { trash, trashed } from "../samples";
import { shown } from "../shown";

const full = (details: Record<string, unknown>) => ({ code: "disk-full", message: "Not enough room.", hint: "Free some room.", details });

test("a full disk is told in numbers, with the way to what waits in the trash", async () => {
  openInstall("v9");
  shown(<ErrorCard error={full({ needed: 4_100, free: 0, path: "/data" })} onRetry={() => {}} />, new FakeTransport().answer("versions.trash", trash(trashed("v1"))));
  const card = screen.getByRole("alert");
  expect(card).toHaveTextContent("4 kB needed0 B free4 kB missing");
  expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
  const link = await screen.findByRole("link", { name: "Empty the trash…" });
  expect(link).toHaveAttribute("href", "#/trash");
  await userEvent.click(link);
  expect(useInstallDialog.getState().open).toBe(false);
});

test("what is to stay free counts as missing too", () => {
  shown(<ErrorCard error={full({ needed: 60_000_000, free: 100_000_000, kept: 512_000_000 })} />, new FakeTransport());
  expect(screen.getByRole("alert")).toHaveTextContent("60 MB needed512 MB to stay free100 MB free472 MB missing");
});

test("an empty trash is not offered", async () => {
  shown(<ErrorCard error={full({ needed: null, free: 5_000_000 })} />, new FakeTransport().answer("versions.trash", trash()));
  expect(await screen.findByText("5 MB")).toBeVisible();
  expect(screen.getByRole("alert")).not.toHaveTextContent("needed");
  expect(screen.queryByRole("link")).toBeNull();
});

test("a disk that fails is told plainly", () => {
  shown(<ErrorCard error={{ ...full({ path: "/data" }), code: "disk-failed", message: "The disk did not take it." }} />, new FakeTransport());
  expect(screen.getByRole("alert")).toHaveTextContent("The disk did not take it.");
});
