import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { UNREACHABLE } from "@/transport/transport";

// Each test is a page of its own: what the one before remembered is gone.
let enter: typeof import("@/transport/session").enter;
let enterWith: typeof import("@/transport/session").enterWith;
let httpTransport: typeof import("@/transport/http").httpTransport;

const asked: { method: string; path: string; body: string | undefined }[] = [];
let answers: unknown[] = [];

beforeEach(async () => {
  vi.resetModules();
  ({ enter, enterWith } = await import("@/transport/session"));
  ({ httpTransport } = await import("@/transport/http"));
  answers = [];
  asked.length = 0;
  vi.stubGlobal("fetch", async (path: string, { method, body }: RequestInit) => {
    asked.push({ method: method ?? "", path, body: body as string | undefined });
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError("no network");
    return { json: async () => answer };
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  history.replaceState(null, "", "/");
  localStorage.clear();
  sessionStorage.clear();
});

const PLACE = `/api/v1/session/${"0a".repeat(16)}`;
const opened = { schema: 1, ok: true, value: { place: PLACE, door: "window" } };
const known = { schema: 1, ok: true, value: { known_by: "session", door: "window" } };
const refused = { schema: 1, ok: false, error: { code: "wrong-code", message: "No.", hint: "Again.", details: {} } };

function forbidden(): never {
  throw new DOMException("no", "SecurityError");
}

describe("coming in", () => {
  it("hands in the code of the address once and takes it out of the address", async () => {
    history.replaceState(null, "", "/#code=AAAA-BBBB-CCCC");
    answers = [opened, known];
    await expect(enter()).resolves.toBe("window");
    expect(asked[1]).toMatchObject({ method: "GET", path: PLACE });
    expect(asked[0]).toMatchObject({ method: "POST", path: "/api/v1/session", body: '{"code":"AAAA-BBBB-CCCC"}' });
    expect(location.hash).toBe("");
  });

  it("without a code asks who we are: after a reload the place is still known", async () => {
    localStorage.setItem("place", PLACE);
    answers = [known];
    await expect(enter()).resolves.toBe("window");
    expect(asked).toHaveLength(1);
  });

  it("with a used code still comes in by the cookie", async () => {
    history.replaceState(null, "", "/#code=AAAA-BBBB-CCCC");
    localStorage.setItem("place", PLACE);
    answers = [refused, known];
    await expect(enter()).resolves.toBe("window");
  });

  it("as a stranger leads to the question for a code", async () => {
    await expect(enter()).resolves.toBeNull();
    localStorage.setItem("place", PLACE);
    answers = [refused];
    await expect(enter()).resolves.toBeNull();
  });

  it("from then on calls at the place and nowhere else", async () => {
    answers = [opened, { schema: 1, ok: true, value: {} }];
    await enterWith("AAAA");
    await httpTransport.invoke("settings.list", {});
    expect(asked[1]).toMatchObject({ method: "POST", path: `${PLACE}/rpc/settings.list` });
  });

  it.each(["//evil.example/x", "http://evil.example", `${PLACE}/../..`, "/api/v1", ""])(
    "trusts no place that another server left here, and sends it nothing: %s",
    async (left) => {
      localStorage.setItem("place", left);
      await expect(enter()).resolves.toBeNull();
      expect(asked).toHaveLength(0);
    },
  );

  it.each([
    ["no storage", null],
    ["none that may be used", { getItem: forbidden, setItem: forbidden }],
  ])("keeps the place for this tab where there is %s", async (_, local) => {
    vi.stubGlobal("localStorage", local);
    answers = [opened, known];
    await enterWith("AAAA");
    expect(sessionStorage.getItem("place")).toBe(PLACE);
    await expect(enter()).resolves.toBe("window");
  });

  it("without any storage remembers the place for as long as the page stands", async () => {
    vi.stubGlobal("localStorage", null);
    vi.stubGlobal("sessionStorage", null);
    answers = [opened, known];
    await enterWith("AAAA");
    await expect(enter()).resolves.toBe("window");
    expect(asked[1]?.path).toBe(PLACE);
  });

  it("with a wrong code says what the service says", async () => {
    answers = [refused];
    await expect(enterWith("nope")).rejects.toMatchObject({ code: "wrong-code", hint: "Again." });
  });

  it("while the launcher is away says so", async () => {
    answers = [];
    await expect(enterWith("AAAA")).rejects.toMatchObject({ code: UNREACHABLE });
  });
});
