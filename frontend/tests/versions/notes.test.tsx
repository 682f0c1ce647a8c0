import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { parseInline, parseNotes, shortLink } from "@/features/versions/notes";
import { NotesView } from "@/features/versions/notes-view";

import { FakeTransport } from "../fake-transport";
import { shown } from "../shown";

const plain = (text: string) => [{ kind: "text", text }];

test("headings, lists with depth, paragraphs and code become blocks", () => {
  const notes = "## What's Changed ##\n* one\n  * inner\n\n* two\n\nA line\nand its end\n\n```\n# code\n```\n---\n1. first";
  expect(parseNotes(notes)).toEqual([
    { kind: "heading", parts: plain("What's Changed") },
    {
      kind: "list",
      items: [
        { depth: 0, parts: plain("one") },
        { depth: 1, parts: plain("inner") },
        { depth: 0, parts: plain("two") },
      ],
    },
    { kind: "text", parts: plain("A line and its end") },
    { kind: "code", text: "# code" },
    { kind: "list", items: [{ depth: 0, parts: plain("first") }] },
  ]);
});

test("code that is never closed ends with the notes", () => {
  expect(parseNotes("```\nleft open")).toEqual([{ kind: "code", text: "left open" }]);
});

test("strong words, code and links are told apart within a line", () => {
  expect(parseInline("**Big** `--fast` by [us](https://example.org/a) now")).toEqual([
    { kind: "strong", text: "Big" },
    { kind: "text", text: " " },
    { kind: "code", text: "--fast" },
    { kind: "text", text: " by " },
    { kind: "link", text: "us", url: "https://example.org/a" },
    { kind: "text", text: " now" },
  ]);
});

test("a bare address is a link, without the full stop behind it", () => {
  expect(parseInline("see https://github.com/a/b/pull/12.")).toEqual([
    { kind: "text", text: "see " },
    { kind: "link", text: "#12", url: "https://github.com/a/b/pull/12" },
    { kind: "text", text: "." },
  ]);
});

test.each(["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example"])("%s is no link", (url) => {
  expect(parseInline(`[press](${url})`)).toEqual(plain("press"));
});

test("links to GitHub are shown as GitHub shows them", () => {
  expect(shortLink("https://github.com/a/b/compare/v1...v2")).toBe("v1...v2");
  expect(shortLink("https://example.org/x")).toBe("example.org/x");
});

test("markup in notes never becomes markup on the page", () => {
  const notes = '<img src=x onerror="alert(1)"><script>alert(2)</script>\n<!-- hidden -->\n**fine** [x](javascript:alert(3))';
  const { container } = shown(<NotesView notes={notes} page={null} />, new FakeTransport());
  expect(container.querySelector("img, script, a, [onerror]")).toBeNull();
  expect(container).not.toHaveTextContent(/hidden|alert/);
  expect(screen.getByText("fine").tagName).toBe("STRONG");
});

test("a release without notes says so, and still leads to its page", () => {
  shown(<NotesView notes={null} page="https://github.com/a/b/releases/tag/v1" />, new FakeTransport());
  expect(screen.getByText("There are no notes for this release.")).toBeVisible();
  expect(screen.getByRole("link", { name: "On GitHub" })).toHaveAttribute("rel", "noreferrer");
});

test.each<[string, string]>([
  ["labels that never close", "["],
  ["targets that never close", "[a](x"],
  ["headings with a gap", `# ${" ".repeat(200_000)}x`],
  ["marks behind a heading", `# ${"#".repeat(200_000)}x`],
  ["items", "* a\n"],
  ["fences", "```\n"],
  ["addresses of commas", `https://${",".repeat(200_000)}`],
  ["strong words that never end", "**a "],
])("hostile notes take no time: %s", (_, piece) => {
  const notes = piece.repeat(Math.ceil(200_000 / piece.length));
  const begin = performance.now();
  parseNotes(notes);
  expect(performance.now() - begin).toBeLessThan(500);
});
