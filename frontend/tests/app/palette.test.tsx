import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, describe, expect, it } from "vitest";

import { Palette } from "@/app/palette";
import { useCommands, useShortcuts } from "@/state/commands";
import { show } from "@/state/interface";
import { Dialog } from "@/ui/dialog";

import { FakeTransport } from "../fake-transport";
import { shown } from "../shown";

Element.prototype.scrollIntoView ??= () => {};

function Page() {
  const [asking, setAsking] = useState(false);
  useShortcuts();
  useCommands([
    { id: "palette", title: "Palette", group: "G", shortcut: "mod+k", run: () => show({ paletteOpen: true }) },
    { id: "ask", title: "Ask something", group: "G", run: () => setAsking(true) },
  ]);
  return (
    <>
      <button type="button">Here</button>
      <Palette />
      <Dialog open={asking} onClose={() => setAsking(false)} title="Really?" />
    </>
  );
}

async function opened(): Promise<HTMLElement> {
  shown(<Page />, new FakeTransport());
  const here = screen.getByRole("button", { name: "Here" });
  here.focus();
  await userEvent.keyboard("{Control>}k{/Control}");
  expect(screen.getByRole("dialog", { name: "Commands" })).toBeVisible();
  return here;
}

beforeEach(() => show({ paletteOpen: false }));

describe("the palette", () => {
  it.each([["Esc", "{Escape}"], ["the keys that opened it", "{Control>}k{/Control}"]])(
    "closes by %s, and the focus is where it was",
    async (_name, keys) => {
      const here = await opened();
      await userEvent.keyboard(keys);
      await waitFor(() => expect(here).toHaveFocus());
      expect(screen.queryByRole("dialog")).toBeNull();
    },
  );

  it("gives the focus to what a command opens, and through it back to where it was", async () => {
    const here = await opened();
    await userEvent.keyboard("ask{Enter}");
    const dialog = await screen.findByRole("dialog", { name: "Really?" });
    await waitFor(() => expect(dialog).toHaveFocus());
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(here).toHaveFocus());
  });
});
