import { act, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { attempt } from "@/state/attempt";
import { invoke } from "@/state/launcher";
import { ExternalLink } from "@/ui/external-link";

import { FakeTransport } from "../fake-transport";
import { shown } from "../shown";

it("says what the launcher refused, and what to do about it", async () => {
  const launcher = new FakeTransport("window").refuse("window.reveal", "path-not-found", "It is not there.", "Look elsewhere.");
  shown(<p />, launcher);
  expect(await act(() => attempt(invoke("window.reveal", { path: "/x" })))).toBeNull();
  expect(await screen.findByText("It is not there.")).toBeVisible();
  expect(screen.getByText("Look elsewhere.")).toBeVisible();
});

it("hands on an answer, and a fault of our own", async () => {
  shown(<p />, new FakeTransport());
  expect(await attempt(Promise.resolve(7))).toBe(7);
  await expect(attempt(Promise.reject(new Error("ours")))).rejects.toThrow("ours");
});

it("tells of a link that the window does not open", async () => {
  const launcher = new FakeTransport("window").refuse("window.open_link", "invalid-value", "That is no address.");
  shown(<ExternalLink href="https://example.org">Notes</ExternalLink>, launcher);
  act(() => screen.getByRole("link", { name: "Notes" }).click());
  expect(await screen.findByText("That is no address.")).toBeVisible();
});
