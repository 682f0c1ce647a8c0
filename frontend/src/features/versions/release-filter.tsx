import { Search } from "lucide-react";
import type { RefObject } from "react";

import { Input, Switch } from "@/ui/fields";
import { Keys } from "@/ui/keys";
import { t } from "@/words";

interface ReleaseFilterProps {
  readonly search: RefObject<HTMLInputElement | null>;
  readonly words: string;
  readonly onWords: (words: string) => void;
  readonly prereleases: boolean;
  /** Null where the repository has none. */
  readonly onPrereleases: ((shown: boolean) => void) | null;
}

export function ReleaseFilter({ search, words, onWords, prereleases, onPrereleases }: ReleaseFilterProps) {
  return (
    <div className="flex items-center gap-4 border-b px-3 py-2">
      <div className="relative min-w-0 flex-1">
        <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-faint" />
        <Input
          ref={search}
          type="search"
          aria-label={t("Search the releases")}
          placeholder={t("Search tags and notes")}
          value={words}
          onChange={(event) => onWords(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && (words ? onWords("") : event.currentTarget.blur())}
          className="border-transparent bg-transparent pl-8 [&::-webkit-search-cancel-button]:hidden"
        />
        {words === "" && (
          <span aria-hidden className="pointer-events-none absolute top-1.5 right-2">
            <Keys of="/" />
          </span>
        )}
      </div>
      {onPrereleases && (
        // The switch names itself: a label around it would say it twice.
        <span className="flex shrink-0 items-center gap-2 text-sm text-ink-soft">
          {t("Pre-releases")}
          <Switch label={t("Show pre-releases")} checked={prereleases} onChange={onPrereleases} />
        </span>
      )}
    </div>
  );
}
