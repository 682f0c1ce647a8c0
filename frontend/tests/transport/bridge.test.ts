import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { bridgeTransport } from "@/transport/bridge";
import { LauncherError } from "@/transport/transport";

const calls: { name: string; parameters: unknown; id: string }[] = [];

function engine() {
  return {
    platform: "gtkwebkit2",
    _jsApiCallback: (name: string, parameters: unknown, id: string) => {
      calls.push({ name, parameters, id });
    },
  };
}

function answer(at: number, envelope: unknown): void {
  window.comfyuiLauncher?.settle(calls[at]?.id ?? "", JSON.stringify(envelope));
}

beforeEach(() => {
  calls.length = 0;
  window.pywebview = engine();
});

afterEach(() => {
  delete window.pywebview;
});

describe("the bridge", () => {
  it("calls the one function, with the name and the request as text", async () => {
    const transport = await bridgeTransport();
    const asked = transport.invoke("versions.activate", { tag: "v0.3.64" });
    answer(0, { schema: 1, ok: true, value: { tag: "v0.3.64" } });
    await expect(asked).resolves.toEqual({ tag: "v0.3.64" });
    expect(calls[0]).toMatchObject({
      name: "invoke",
      parameters: ["versions.activate", '{"tag":"v0.3.64"}'],
    });
  });

  it("gives each call its own answer, in whatever order they come", async () => {
    const transport = await bridgeTransport();
    const first = transport.invoke("system.info", {});
    const second = transport.invoke("versions.list", {});
    answer(1, { schema: 1, ok: true, value: "second" });
    answer(0, { schema: 1, ok: true, value: "first" });
    await expect(Promise.all([first, second])).resolves.toEqual(["first", "second"]);
  });

  it("turns a refusal into an error with its code, words and way out", async () => {
    const transport = await bridgeTransport();
    const asked = transport.invoke("versions.launch", {});
    const error = { code: "no-active-version", message: "None.", hint: "Choose.", details: {} };
    answer(0, { schema: 1, ok: false, error });
    const refused = await asked.catch((reason: unknown) => reason);
    expect(refused).toBeInstanceOf(LauncherError);
    expect(refused).toMatchObject({ code: "no-active-version", message: "None.", hint: "Choose." });
  });

  it("waits until the engine has put it there", async () => {
    delete window.pywebview;
    const ready = vi.fn();
    const waiting = bridgeTransport().then(ready);
    await Promise.resolve();
    expect(ready).not.toHaveBeenCalled();
    window.pywebview = engine();
    window.dispatchEvent(new CustomEvent("pywebviewready"));
    await waiting;
    expect(ready).toHaveBeenCalledOnce();
  });

  it("takes an answer that nobody waits for without harm", async () => {
    await bridgeTransport();
    expect(() => window.comfyuiLauncher?.settle("zz", "{}")).not.toThrow();
  });
});
