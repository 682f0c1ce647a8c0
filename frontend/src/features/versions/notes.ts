/**
 * Release notes as a tree of plain parts. What GitHub's Markdown can do besides (HTML, tables,
 * pictures) becomes text: nothing of a note is ever given to the browser as markup.
 */

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "strong" | "code"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly url: string };

export type Block =
  | { readonly kind: "heading"; readonly parts: readonly Inline[] }
  | { readonly kind: "text"; readonly parts: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly Item[] };

export interface Item {
  readonly depth: number;
  readonly parts: readonly Inline[];
}

const HEADING = /^#{1,6}\s+(.*)$/;
const ITEM = /^(\s*)(?:[-*+]|\d+[.)])\s+(.*)$/;
const FENCE = /^\s*(```|~~~)/;
const RULE = /^\s*([-*_]\s*){3,}$/;

// Notes are written by others. The longest that is read, in characters; GitHub's page has all of it.
const LONGEST_NOTES = 40_000;

export function parseNotes(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = withoutHtml(markdown.slice(0, LONGEST_NOTES)).split(/\r?\n/);
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) blocks.push({ kind: "text", parts: parseInline(paragraph.join(" ")) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (FENCE.test(line)) {
      endParagraph();
      const begin = at + 1;
      at = begin;
      while (at < lines.length && !FENCE.test(lines[at] ?? "")) at += 1;
      blocks.push({ kind: "code", text: lines.slice(begin, at).join("\n") });
      continue;
    }
    const block = RULE.test(line) ? null : lineBlock(line);
    if (!block && line.trim() !== "" && !RULE.test(line)) {
      paragraph.push(line.trim().replace(/^>\s*/, ""));
      continue;
    }
    endParagraph();
    if (block) append(blocks, block, lines[at - 1] ?? "");
  }
  endParagraph();
  return blocks;
}

type LineBlock = { readonly kind: "heading"; readonly parts: readonly Inline[] } | { readonly kind: "list"; readonly items: Item[] };

function lineBlock(line: string): LineBlock | null {
  const heading = HEADING.exec(line);
  if (heading) return { kind: "heading", parts: parseInline(withoutMarks(heading[1] ?? "")) };
  const item = ITEM.exec(line);
  if (!item) return null;
  const depth = Math.min(3, Math.floor((item[1] ?? "").replace(/\t/g, "  ").length / 2));
  return { kind: "list", items: [{ depth, parts: parseInline(item[2] ?? "") }] };
}

// `What's new ##`: the marks behind a heading are no part of it.
function withoutMarks(heading: string): string {
  let end = heading.trimEnd().length;
  while (heading[end - 1] === "#") end -= 1;
  return heading.slice(0, end).trim();
}

// Items that follow each other are one list, also across empty lines.
function append(blocks: Block[], block: LineBlock, lineBefore: string): void {
  const last = blocks.at(-1);
  if (block.kind === "list" && last?.kind === "list" && !HEADING.test(lineBefore)) {
    (last.items as Item[]).push(...block.items);
  } else {
    blocks.push(block);
  }
}

function withoutHtml(markdown: string): string {
  return markdown
    .replace(/<!--[\s\S]*?(-->|$)/g, "")
    .replace(/<(script|style)\b[\s\S]*?(<\/\1>|$)/gi, "")
    .replace(/<\/?[a-z][^<>]*>/gi, "");
}

// Every part has a length that it cannot exceed, and no two of them can share what they match: time
// grows with the length of a line and no faster, also where someone means ill.
const INLINE = new RegExp(
  [
    "`(?<code>[^`]{1,500})`",
    "\\*\\*(?<strong>[^*]{1,500})\\*\\*",
    "__(?<strong2>[^_]{1,500})__",
    "!?\\[(?<label>[^\\[\\]]{0,300})\\]\\((?<target>(?:[^()\\s]|\\([^()\\s]{0,200}\\)){1,500})(?:\\s[^()]{0,300})?\\)",
    "(?<bare>https?://[^\\s<>()\\[\\]]{0,500}[^\\s<>()\\[\\].,;:!?'\"*])",
  ].join("|"),
  "g",
);

/** One line in its parts. Only http and https become links. */
export function parseInline(line: string): readonly Inline[] {
  const parts: Inline[] = [];
  let at = 0;
  for (const match of line.matchAll(INLINE)) {
    if (match.index > at) parts.push({ kind: "text", text: line.slice(at, match.index) });
    parts.push(inlineOf(match.groups ?? {}));
    at = match.index + match[0].length;
  }
  if (at < line.length) parts.push({ kind: "text", text: line.slice(at) });
  return parts;
}

function inlineOf(found: Readonly<Record<string, string | undefined>>): Inline {
  if (found["code"]) return { kind: "code", text: found["code"] };
  const strong = found["strong"] ?? found["strong2"];
  if (strong) return { kind: "strong", text: strong };
  const url = found["bare"] ?? found["target"] ?? "";
  const text = found["label"] || shortLink(url);
  return /^https?:\/\//i.test(url) ? { kind: "link", text, url } : { kind: "text", text };
}

/** `#9876` for a pull request, `v1...v2` for a comparison: as GitHub itself shows them. */
export function shortLink(url: string): string {
  const request = /^https:\/\/github\.com\/[\w.-]+\/[\w.-]+\/(?:pull|issues)\/(\d+)$/.exec(url);
  if (request) return `#${request[1]}`;
  const compared = /^https:\/\/github\.com\/[\w.-]+\/[\w.-]+\/compare\/(\S+)$/.exec(url);
  return compared?.[1] ?? url.replace(/^https?:\/\//, "");
}
