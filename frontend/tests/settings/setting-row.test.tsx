import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Control } from "@/features/settings/catalogue";
import { SettingRow } from "@/features/settings/setting-row";
import { useAnswer } from "@/state/launcher";
import type { SettingsList, SettingStatus } from "@/transport/contract.generated";

import { FakeTransport } from "../fake-transport";
import { settings, setting } from "../samples";
import { shown } from "../shown";

const NUMBER: Control = { kind: "number", unit: "seconds" };

function Row({ control }: { readonly control: Control }) {
  const known = useAnswer("settings.list", {}).data?.settings[0];
  return known ? <SettingRow entry={{ name: known.name, title: "Patience", control }} setting={known} /> : null;
}

async function row(control: Control, of: SettingStatus): Promise<{ launcher: FakeTransport; field: HTMLElement }> {
  const launcher = new FakeTransport().answer("settings.list", settings(of));
  shown(<Row control={control} />, launcher);
  return { launcher, field: await screen.findByLabelText("Patience") };
}

const patience = setting("ready_timeout_seconds", { value: 300, default: 600, source: "file" });

describe("a setting that is typed", () => {
  it("is kept by Enter, stays in its field, and keeps the focus", async () => {
    const { launcher, field } = await row(NUMBER, patience);
    launcher.answer("settings.change", settings({ ...patience, value: 42 }));
    await userEvent.clear(field);
    await userEvent.type(field, "42{Enter}");
    await waitFor(() => expect(launcher.asked("settings.change")).toEqual([{ name: patience.name, value: 42 }]));
    expect(field).toHaveValue("42");
    expect(field).toHaveFocus();
  });

  it("is not sent when it is no number; the page says so, where a screen reader looks", async () => {
    const { launcher, field } = await row(NUMBER, patience);
    await userEvent.clear(field);
    await userEvent.type(field, "abc{Enter}");
    expect(launcher.asked("settings.change")).toEqual([]);
    expect(field).toHaveAccessibleDescription("A number is needed here, for example 600.");
    expect(field).toBeInvalid();
  });

  it("goes back to its default when the field is emptied", async () => {
    const { launcher, field } = await row(NUMBER, patience);
    launcher.answer("settings.reset", settings({ ...patience, value: 600, source: "default" }));
    await userEvent.clear(field);
    await userEvent.tab();
    await waitFor(() => expect(field).toHaveValue("600"));
    expect(launcher.asked("settings.reset")).toEqual([{ name: patience.name }]);
    expect(launcher.asked("settings.change")).toEqual([]);
  });
});

describe("what was refused", () => {
  async function refused(): Promise<{ launcher: FakeTransport; field: HTMLElement }> {
    const found = await row(NUMBER, patience);
    found.launcher.refuse("settings.change", "invalid-value", "That is too much.", "At most 7200.");
    await userEvent.clear(found.field);
    await userEvent.type(found.field, "9999{Enter}");
    await waitFor(() => expect(found.field).toHaveAccessibleDescription("That is too much. At most 7200."));
    expect(found.field).toHaveValue("9999");
    return found;
  }

  it("is sent once, though the field is left after it", async () => {
    const { launcher } = await refused();
    await userEvent.tab();
    expect(launcher.asked("settings.change")).toHaveLength(1);
  });

  it.each([["by Esc", "{Escape}"], ["by typing on", "{Backspace}"]])("is forgotten %s", async (_name, keys) => {
    const { field } = await refused();
    await userEvent.type(field, keys);
    expect(screen.queryByRole("alert")).toBeNull();
    expect(field).toBeValid();
    expect(field).toHaveValue(keys === "{Escape}" ? "300" : "999");
  });

  it("is forgotten when the setting goes back to its default", async () => {
    const { launcher, field } = await refused();
    launcher.answer("settings.reset", settings({ ...patience, value: 600, source: "default" }));
    await userEvent.click(screen.getByRole("button", { name: "Back to the default: 600" }));
    await waitFor(() => expect(field).toHaveValue("600"));
    expect(screen.queryByRole("alert")).toBeNull();
  });
});

it("a text whose default is none is emptied, not reset", async () => {
  const spec = setting("torch_spec", { value: "torch==2.13.0", source: "file" });
  const { launcher, field } = await row({ kind: "text", placeholder: "" }, spec);
  launcher.answer("settings.change", (): SettingsList => settings({ ...spec, value: null }));
  await userEvent.clear(field);
  await userEvent.tab();
  await waitFor(() => expect(launcher.asked("settings.change")).toEqual([{ name: "torch_spec", value: null }]));
});
