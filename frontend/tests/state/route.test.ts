import { describe, expect, it } from "vitest";

import { fromAddress, type Route, toAddress } from "@/state/route";

describe("an address", () => {
  const routes: Route[] = [
    { place: "home" },
    { place: "jobs" },
    { place: "jobs", part: "20261121-abc" },
    { place: "settings", part: "tokens" },
    { place: "version", subject: "v0.3.64" },
    { place: "version", subject: "feature/a b#c", part: "log" },
  ];

  it.each(routes)("leads back to where it came from: %o", (route) => {
    expect(fromAddress(toAddress(route))).toEqual(route);
  });

  it.each(["", "#", "#/", "#/nowhere/at/all", "#/version", "#/%E0%A4%A", "#code=ABCD"])(
    "that means nothing leads home: %s",
    (address) => {
      expect(fromAddress(address)).toEqual({ place: "home" });
    },
  );
});
