import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { App } from "@/app/app";
import { Entrance } from "@/app/entrance";
import { useLive } from "@/state/live";

import { FakeTransport } from "../fake-transport";
import { shown } from "../shown";

beforeEach(() => {
  location.hash = "";
  useLive.setState({ connection: "open" });
});

describe("a fault of a place", () => {
  it("leaves the rail, says what it was, and the other places are as they were", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {}); // React tells of each fault
    location.hash = "#/about";
    shown(<App />, new FakeTransport().answer("system.info", { launcher: "0.1.0" } as never)); // not whole
    expect(await screen.findByRole("heading", { name: "This page made a mistake" })).toBeVisible();
    expect(screen.getByText(/undefined/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Home" }));
    await waitFor(() => expect(document.title).toContain("Home"));
    expect(screen.queryByText("This page made a mistake")).toBeNull();
  });
});

describe("a session that has ended", () => {
  it("asks for a code instead of the app, whatever was open", async () => {
    shown(<Entrance />, new FakeTransport());
    expect(screen.getByRole("navigation", { name: "Places" })).toBeVisible();
    useLive.setState({ connection: "refused" });
    expect(await screen.findByRole("heading", { name: "This page needs a code" })).toBeVisible();
    expect(screen.queryByRole("navigation", { name: "Places" })).toBeNull();
    useLive.setState({ connection: "open" });
    expect(await screen.findByRole("navigation", { name: "Places" })).toBeVisible();
  });
});
