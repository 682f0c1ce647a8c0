import { describe, expect, test } from "vitest";

import { type Attention, begunSince, endedSince, isNews, seen } from "@/features/operations/watching";

import { operation } from "../samples";

const NOW = Date.parse("2025-10-20T10:01:00Z");
const running = operation("versions.install", "v1");
const done = operation("versions.install", "v1", { state: "succeeded", finished_at: "2025-10-20T10:00:59Z" });

describe("what began and ended between two looks", () => {
  test("the first look tells nothing: the page has only just come", () => {
    expect(begunSince(null, [running])).toEqual([]);
    expect(endedSince(null, [done], NOW)).toEqual([]);
  });

  test("what was not there has begun, what was at work has ended, each once", () => {
    expect(begunSince(seen([]), [running])).toEqual([running]);
    expect(begunSince(seen([running]), [running])).toEqual([]);
    expect(endedSince(seen([running]), [done], NOW)).toEqual([done]);
    expect(endedSince(seen([done]), [done], NOW)).toEqual([]);
  });

  test("what appears already ended has ended just now, or is history", () => {
    expect(endedSince(seen([]), [done], NOW)).toEqual([done]);
    expect(endedSince(seen([]), [done], NOW + 60_000)).toEqual([]);
  });
});

describe("what is news", () => {
  const onSettings: Attention = {
    route: { place: "settings" },
    trayOpen: false,
    followed: null,
    pageVisible: true,
  };
  const failed = operation("versions.install", "v1", { state: "failed" });

  test("an end that happens out of sight", () => {
    expect(isNews(done, onSettings)).toBe(true);
    expect(isNews(failed, onSettings)).toBe(true);
  });

  test("not what the user sees end: in the tray, in a dialog, on its page, at its job", () => {
    expect(isNews(done, { ...onSettings, trayOpen: true })).toBe(false);
    expect(isNews(failed, { ...onSettings, followed: failed.id })).toBe(false);
    expect(isNews(failed, { ...onSettings, route: { place: "version", subject: "v1" } })).toBe(false);
    expect(isNews(done, { ...onSettings, route: { place: "jobs", part: done.id } })).toBe(false);
  });

  test("a dialog about something else swallows nothing", () => {
    expect(isNews(failed, { ...onSettings, followed: "another" })).toBe(true);
  });

  test("but what ends at another version's page or beside another job", () => {
    expect(isNews(done, { ...onSettings, route: { place: "version", subject: "v2" } })).toBe(true);
    expect(isNews(done, { ...onSettings, route: { place: "jobs", part: "other" } })).toBe(true);
  });

  test("Home shows what works out; a failure is told there too", () => {
    expect(isNews(done, { ...onSettings, route: { place: "home" } })).toBe(false);
    expect(isNews(failed, { ...onSettings, route: { place: "home" } })).toBe(true);
  });

  test("nothing is in sight while the page is hidden", () => {
    expect(isNews(done, { ...onSettings, trayOpen: true, pageVisible: false })).toBe(true);
  });

  test("looking for releases is never news, and neither is what the user cancelled", () => {
    expect(isNews(operation("versions.releases", "releases", { state: "failed" }), onSettings)).toBe(false);
    expect(isNews(operation("versions.install", "v1", { state: "cancelled" }), onSettings)).toBe(false);
  });
});
