import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { ModelFolders } from "@/features/settings/folders";
import type { ModelFolder } from "@/transport/contract.generated";

import { FakeTransport } from "../fake-transport";
import { setting } from "../samples";
import { shown } from "../shown";

const folder = (path: string, shared = false): ModelFolder => ({ path, shared, exists: true, kinds: {} });

const SETTINGS = [
  setting("extra_model_folders", { value: ["/data/added"], default: [] }),
  setting("existing_comfyui", { value: "/old/ComfyUI" }),
];

function folders(): FakeTransport {
  const launcher = new FakeTransport("window").answer("models.folders", {
    folders: [folder("/root/models", true), folder("/data/added"), folder("/old/ComfyUI/models")],
    model_count: 3,
  });
  shown(<ModelFolders settings={SETTINGS} />, launcher);
  return launcher;
}

const FORGET = "No longer read this folder; its files stay";

it("only a folder that was added can be taken out; of another it says which setting names it", async () => {
  folders();
  expect(await screen.findByText("from “A ComfyUI that you have already”")).toBeVisible();
  expect(screen.getAllByRole("button", { name: FORGET })).toHaveLength(1);
});

it("says why a folder could not be taken out", async () => {
  const launcher = folders().refuse("models.forget", "path-not-found", "It is not one of yours.");
  await userEvent.click(await screen.findByRole("button", { name: FORGET }));
  expect(launcher.asked("models.forget")).toEqual([{ path: "/data/added" }]);
  expect(await screen.findByText("It is not one of yours.")).toBeVisible();
});

it("says why no folder could be chosen or shown", async () => {
  const launcher = folders()
    .refuse("window.choose_folder", "no-window", "There is no dialog.")
    .refuse("window.reveal", "path-not-found", "It is gone.");
  await userEvent.click(await screen.findByRole("button", { name: "Add a folder" }));
  expect(await screen.findByText("There is no dialog.")).toBeVisible();
  await userEvent.click(screen.getAllByRole("button", { name: "Show in the file manager" })[0] as HTMLElement);
  expect(await screen.findByText("It is gone.")).toBeVisible();
  expect(launcher.asked("models.use")).toEqual([]);
});
