import { useMemo } from "react";

import { ExternalLink } from "@/ui/external-link";
import { t } from "@/words";

import { type Block, type Inline, parseNotes } from "./notes";

interface NotesViewProps {
  readonly notes: string | null;
  readonly page: string | null;
}

/** Release notes as text that can be read, and the way to the original. */
export function NotesView({ notes, page }: NotesViewProps) {
  const blocks = useMemo(() => parseNotes(notes ?? ""), [notes]);
  return (
    <div className="flex max-w-3xl flex-col gap-2 text-sm text-ink-soft">
      {blocks.length === 0 && <p>{t("There are no notes for this release.")}</p>}
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
      {page && (
        <p className="mt-1">
          <ExternalLink href={page}>{t("On GitHub")}</ExternalLink>
        </p>
      )}
    </div>
  );
}

const INDENTS = ["", "ml-5", "ml-10", "ml-15"] as const;

function BlockView({ block }: { readonly block: Block }) {
  switch (block.kind) {
    case "heading":
      return (
        <h3 className="mt-1 font-semibold text-ink first:mt-0">
          <Parts of={block.parts} />
        </h3>
      );
    case "code":
      return <pre className="overflow-x-auto rounded-md bg-ground p-3 font-mono text-xs">{block.text}</pre>;
    case "list":
      return (
        <ul className="flex list-disc flex-col gap-1 pl-5 marker:text-ink-faint">
          {block.items.map((item, index) => (
            <li key={index} className={INDENTS[item.depth] ?? ""}>
              <Parts of={item.parts} />
            </li>
          ))}
        </ul>
      );
    default:
      return (
        <p className="break-words">
          <Parts of={block.parts} />
        </p>
      );
  }
}

function Parts({ of }: { readonly of: readonly Inline[] }) {
  return of.map((part, index) => <Part key={index} part={part} />);
}

function Part({ part }: { readonly part: Inline }) {
  switch (part.kind) {
    case "strong":
      return <strong className="font-semibold text-ink">{part.text}</strong>;
    case "code":
      return <code className="rounded-sm bg-hover px-1 py-px font-mono text-[0.92em]">{part.text}</code>;
    case "link":
      return <ExternalLink href={part.url}>{part.text}</ExternalLink>;
    default:
      return part.text;
  }
}
