import { expect, test } from "vitest";

import { networkOf, obstacleOf, priceOf, usualTorch } from "@/features/versions/price";
import { optionsOf } from "@/features/versions/use-ask";
import type { SettingStatus } from "@/transport/contract.generated";

import { plan, RTX_4070 } from "../samples";

function setting(name: string, value: unknown): SettingStatus {
  return { name, value, default: null, source: "default", variables: [], description: "" };
}

test("the price is a share of the room that is free", () => {
  const price = priceOf(plan("v1", { needed_bytes: 2e9, free_bytes: 10e9 }));
  expect(price.share).toBeCloseTo(0.2);
  expect(price).toMatchObject({ tone: "accent", words: "8 GB stay free of 10 GB." });
});

test("it warns where most of the free room goes, and says where it is not enough", () => {
  expect(priceOf(plan("v1", { needed_bytes: 8e9, free_bytes: 10e9 })).tone).toBe("warn");
  const short = plan("v1", { needed_bytes: 8e9, free_bytes: 1e9, enough_room: false });
  expect(priceOf(short)).toMatchObject({ share: 1, tone: "bad" });
  expect(obstacleOf(short)).toBe("room");
});

test("a full disk is no division by nothing", () => {
  expect(priceOf(plan("v1", { free_bytes: 0, enough_room: false })).share).toBe(1);
});

test("a repository without an answer is in the way only where it is needed", () => {
  expect(obstacleOf(plan("v1", { network_reachable: false }))).toBe("network");
  expect(networkOf(plan("v1", { network_needed: false, network_reachable: null })).ok).toBe(true);
  expect(obstacleOf(plan("v1", { network_needed: false, network_reachable: null }))).toBeNull();
});

test("what is there already needs no installation", () => {
  expect(obstacleOf(plan("v1", { already_installed: true }))).toBe("installed");
});

test("the usual build of torch is the exact one, else the chosen one, else what fits here", () => {
  expect(usualTorch([setting("torch_spec", "torch==2.13.0+cpu"), setting("torch_backend", "cu126")], RTX_4070)).toBe("torch==2.13.0+cpu");
  expect(usualTorch([setting("torch_spec", null), setting("torch_backend", "cu126")], RTX_4070)).toBe("cu126");
  expect(usualTorch([setting("torch_backend", "auto")], RTX_4070)).toBe("automatic, here cu130");
  expect(usualTorch([], undefined)).toBe("automatic");
});

test("only what was chosen is asked for", () => {
  const usual = { reference: " v0.3.64 ", torch: "", python: " ", packagesAsOf: "settings" } as const;
  expect(optionsOf(usual)).toEqual({ reference: "v0.3.64" });
  expect(optionsOf({ reference: "master", torch: "cpu", python: "3.12", packagesAsOf: "today" })).toEqual({
    reference: "master",
    torch_backend: "cpu",
    python: "3.12",
    packages_as_of: "today",
  });
});
