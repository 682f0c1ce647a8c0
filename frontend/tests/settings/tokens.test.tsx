import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { Tokens } from "@/features/settings/tokens";

import { FakeTransport } from "../fake-transport";
import { settings } from "../samples";
import { shown } from "../shown";

it("a token is forgotten only after a question, whose safe answer has the focus", async () => {
  const launcher = new FakeTransport().answer("settings.forget_secret", settings());
  shown(<Tokens secrets={[{ name: "HF_TOKEN", place: "keyring" }]} />, launcher);
  const forget = screen.getByRole("button", { name: "Forget the token for Hugging Face" });
  await userEvent.click(forget);
  await waitFor(() => expect(screen.getByRole("button", { name: "Keep it" })).toHaveFocus());
  await userEvent.keyboard("{Enter}");
  expect(launcher.asked("settings.forget_secret")).toEqual([]);
  await waitFor(() => expect(forget).toHaveFocus());

  await userEvent.click(forget);
  await userEvent.click(screen.getByRole("button", { name: "Forget it" }));
  expect(launcher.asked("settings.forget_secret")).toEqual([{ name: "HF_TOKEN" }]);
  expect(screen.queryByRole("dialog")).toBeNull();
});
