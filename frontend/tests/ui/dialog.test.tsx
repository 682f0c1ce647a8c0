import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it } from "vitest";

import { Dialog } from "@/ui/dialog";
import { Menu, MenuItem } from "@/ui/menu";

import { FakeTransport } from "../fake-transport";
import { shown } from "../shown";

function Place({ going }: { readonly going?: boolean }) {
  const [open, setOpen] = useState(false);
  const [gone, setGone] = useState(false);
  const press = () => {
    setOpen(true);
    setGone(going ?? false);
  };
  return (
    <>
      <main id="main" tabIndex={-1} />
      {!gone && <button type="button" onClick={press}>Open</button>}
      <Menu trigger={<button type="button">More</button>}>
        <MenuItem onSelect={() => setOpen(true)}>Ask</MenuItem>
      </Menu>
      <Dialog open={open} onClose={() => setOpen(false)} title="Really?">
        <input aria-label="name" autoFocus />
      </Dialog>
    </>
  );
}

describe("a dialog that closes gives the focus back", () => {
  it("to the button that opened it", async () => {
    shown(<Place />, new FakeTransport());
    await userEvent.click(screen.getByRole("button", { name: "Open" }));
    expect(screen.getByLabelText("name")).toHaveFocus();
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.getByRole("button", { name: "Open" })).toHaveFocus());
  });

  it("to the button of the menu that it was chosen from", async () => {
    shown(<Place />, new FakeTransport());
    screen.getByRole("button", { name: "More" }).focus();
    await userEvent.keyboard("{Enter}{Enter}");
    expect(await screen.findByRole("dialog")).toBeVisible();
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.getByRole("button", { name: "More" })).toHaveFocus());
  });

  it("to the content of the page when the button is gone", async () => {
    shown(<Place going />, new FakeTransport());
    await userEvent.click(screen.getByRole("button", { name: "Open" }));
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.getByRole("main")).toHaveFocus());
  });
});
