import { describe, expect, it } from "vitest";

import { ago, ahead, bytes, localeFor, memory, percent, seconds, sentence } from "@/ui/format";

describe("sizes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [999_949, "1 MB"],
    [19_100_000, "19.1 MB"],
    [123_200_000, "123 MB"],
    [1_860_000_000, "1.9 GB"],
    [7_500_000_000_000, "7.5 TB"],
  ])("%d bytes are %s", (count, words) => expect(bytes(count)).toBe(words));

  it("of memory are those on the box", () => expect(memory(12_878_610_432)).toBe("12 GB"));
});

describe("times", () => {
  it.each([
    [0.06, "0.1 s"],
    [4.74, "4.7 s"],
    [9.97, "10 s"],
    [59.4, "59 s"],
    [130, "2 min 10 s"],
    [3900, "1 h 5 min"],
  ])("%d seconds are %s", (value, words) => expect(seconds(value)).toBe(words));

  it("are told from now", () => {
    const now = Date.parse("2026-11-21T12:00:00Z");
    expect(ago("2026-11-21T11:59:40Z", now)).toBe("just now");
    expect(ago("2026-11-21T09:00:00Z", now)).toBe("3 hours ago");
    expect(ago("2026-11-20T11:00:00Z", now)).toBe("yesterday");
  });
});

it.each([
  ["its end is torn", "Its end is torn."],
  ["v0.3.64 is not whole.", "v0.3.64 is not whole."],
  ["", ""],
])("%j as a sentence is %j", (words, whole) => expect(sentence(words)).toBe(whole));

describe("deadlines", () => {
  it("are counted in days, and then in hours and minutes", () => {
    const now = Date.parse("2026-11-21T12:00:00Z");
    expect(ahead("2026-12-21T12:00:00Z", now)).toBe("in 30 days");
    expect(ahead("2026-11-22T13:00:00Z", now)).toBe("tomorrow");
    expect(ahead("2026-11-21T15:10:00Z", now)).toBe("in 3 hours");
    expect(ahead("2026-11-21T12:00:30Z", now)).toBe("now");
    expect(ahead("2026-11-20T12:00:00Z", now)).toBe("now");
  });
});

describe("the language of numbers and dates", () => {
  it.each([
    ["en-US", "en", "en-US"],
    ["en-AU", "en", "en-AU"],
    ["de-DE", "en", "en-GB"],
    ["de-AT", "de", "de-AT"],
    ["fr-FR", "de", "de"],
    ["C", "en", "en-GB"],
  ])("for %s, in a page in %s, is %s", (wanted, spoken, locale) => expect(localeFor(wanted, spoken)).toBe(locale));
});

it("a fraction is never rounded up to done", () => expect(percent(0.999)).toBe("99 %"));
