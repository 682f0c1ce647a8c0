import { act, createEvent, fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { useDroppedPaths } from "@/state/drop";
import { adoptModels } from "@/state/models";

import { FakeTransport } from "../fake-transport";
import { shown } from "../shown";

function Target({ take }: { readonly take: (paths: readonly string[]) => void }) {
  return <p>{useDroppedPaths(take) ? "over" : "away"}</p>;
}

function drop(...names: string[]): void {
  const event = createEvent.drop(window);
  Object.defineProperty(event, "dataTransfer", { value: { files: names.map((name) => new File([], name)) } });
  fireEvent(window, event);
}

it("a drop is taken once, by who was shown last", async () => {
  const launcher = new FakeTransport("window").answer("window.dropped_files", { paths: ["/data/models"] });
  const [below, above] = [vi.fn(), vi.fn()];
  shown(
    <>
      <Target take={below} />
      <Target take={above} />
    </>,
    launcher,
  );
  act(() => drop("models"));
  await waitFor(() => expect(above).toHaveBeenCalledWith(["/data/models"]));
  expect(below).not.toHaveBeenCalled();
  expect(launcher.asked("window.dropped_files")).toEqual([{ names: ["models"] }]);
});

it("a hovering file shows, and a refused drop is told of", async () => {
  const launcher = new FakeTransport("window").refuse("window.dropped_files", "no-window", "There is no window.");
  shown(<Target take={vi.fn()} />, launcher);
  fireEvent.dragOver(window);
  expect(screen.getByText("over")).toBeVisible();
  act(() => drop("models"));
  expect(screen.getByText("away")).toBeVisible();
  expect(await screen.findByText("There is no window.")).toBeVisible();
});

it("folders are added one after the other, past one that has no models", async () => {
  let busy = 0;
  const launcher = new FakeTransport().answer("models.use", (async ({ path }: { path: string }) => {
    busy += 1;
    expect(busy).toBe(1);
    await Promise.resolve();
    busy -= 1;
    return { folders: [], model_count: 0, path };
  }) as never);
  shown(<p />, launcher);
  await adoptModels(["/a", "/b"]);
  expect(launcher.asked("models.use")).toEqual([{ path: "/a" }, { path: "/b" }]);

  launcher.refuse("models.use", "path-not-found", "There are no models.");
  await act(() => adoptModels(["/c", "/d"]));
  expect(launcher.asked("models.use")).toHaveLength(4);
});
