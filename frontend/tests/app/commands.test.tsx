import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { type Command, useCommands, useShortcuts } from "@/state/commands";

function Offer({ commands }: { readonly commands: readonly Command[] }) {
  useShortcuts();
  useCommands(commands);
  return <input aria-label="search" />;
}

function command(shortcut: string, run = vi.fn()): Command & { run: ReturnType<typeof vi.fn> } {
  return { id: shortcut, title: shortcut, group: "Test", shortcut, run };
}

describe("shortcuts", () => {
  it("run once, however long the key is held", async () => {
    const stop = command("s");
    render(<Offer commands={[stop, command("s s")]} />);
    await userEvent.keyboard("{s>5/}");
    expect(stop.run).toHaveBeenCalledOnce();
  });

  it("do not reach behind a dialog, not even with Ctrl", async () => {
    const [palette, stop] = [command("mod+k"), command("s")];
    render(
      <>
        <Offer commands={[palette, stop]} />
        <div role="dialog" />
      </>,
    );
    await userEvent.keyboard("{Control>}k{/Control}s");
    expect(palette.run).not.toHaveBeenCalled();
    expect(stop.run).not.toHaveBeenCalled();
  });

  it("run a command by its keys, together or one after the other", async () => {
    const [palette, home] = [command("mod+k"), command("g h")];
    render(<Offer commands={[palette, home]} />);
    await userEvent.keyboard("{Control>}k{/Control}gh");
    expect(palette.run).toHaveBeenCalledOnce();
    expect(home.run).toHaveBeenCalledOnce();
  });

  it("do not fire while someone types, unless Ctrl is held", async () => {
    const [launch, palette] = [command("l"), command("mod+k")];
    const { getByLabelText } = render(<Offer commands={[launch, palette]} />);
    await userEvent.type(getByLabelText("search"), "hello{Control>}k{/Control}");
    expect(launch.run).not.toHaveBeenCalled();
    expect(palette.run).toHaveBeenCalledOnce();
  });

  it("of a screen go with it", async () => {
    const launch = command("l");
    const { rerender } = render(<Offer commands={[launch]} />);
    rerender(<Offer commands={[]} />);
    await userEvent.keyboard("l");
    expect(launch.run).not.toHaveBeenCalled();
  });

  it("call what the latest drawing meant, not the first", async () => {
    const [before, after] = [vi.fn(), vi.fn()];
    const { rerender } = render(<Offer commands={[command("l", before)]} />);
    rerender(<Offer commands={[command("l", after)]} />);
    await userEvent.keyboard("l");
    expect(before).not.toHaveBeenCalled();
    expect(after).toHaveBeenCalledOnce();
  });
});
