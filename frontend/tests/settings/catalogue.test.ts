import { describe, expect, it } from "vitest";

import { asText, ENTRIES, wishOf } from "@/features/settings/catalogue";

const text = { kind: "text", placeholder: "" } as const;
const list = { kind: "list", placeholder: "" } as const;
const number = { kind: "number", unit: "s" } as const;

describe("what is typed into a setting", () => {
  it("is trimmed, and nothing means none", () => {
    expect(wishOf(text, "  torch==2.13.0 ", null)).toEqual({ do: "set", value: "torch==2.13.0" });
    expect(wishOf(text, "   ", null)).toEqual({ do: "set", value: null });
  });

  it("is one entry a line, for a list", () => {
    expect(wishOf(list, "numpy<2.4\n\n  pillow \n", [])).toEqual({ do: "set", value: ["numpy<2.4", "pillow"] });
    expect(asText(["a", "b"])).toBe("a\nb");
  });

  it("goes back to the default when nothing is left and none is not the default", () => {
    expect(wishOf(text, " ", "auto")).toEqual({ do: "reset" });
    expect(wishOf(number, "", 600)).toEqual({ do: "reset" });
    expect(wishOf(list, "", [])).toEqual({ do: "reset" });
  });

  it("is a number where a number is meant, and is not sent when it is none", () => {
    expect(wishOf(number, "1,5", 600)).toEqual({ do: "set", value: 1.5 });
    const wish = wishOf(number, "soon", 600);
    expect(wish).toEqual({ do: "refuse", why: "A number is needed here, for example 600." });
    expect(wishOf(number, "Infinity", 600).do).toBe("refuse");
  });
});

it("no setting stands in two places", () => {
  const names = Object.values(ENTRIES).flatMap((entries) => entries.map((entry) => entry.name));
  expect(new Set(names).size).toBe(names.length);
});
