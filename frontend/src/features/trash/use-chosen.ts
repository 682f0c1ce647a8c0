import { useMemo, useState } from "react";

import type { TrashedVersion } from "@/transport/contract.generated";

/** Which entries of the trash are chosen. */
export interface Chosen {
  readonly ids: ReadonlySet<string>;
  readonly choose: (entry: string, yes: boolean) => void;
  readonly chooseAll: (yes: boolean) => void;
}

/** What is no longer in the trash is not chosen either. */
export function useChosen(entries: readonly TrashedVersion[]): Chosen {
  const [picked, pick] = useState<ReadonlySet<string>>(new Set());
  const ids = useMemo(() => new Set(entries.map(({ entry }) => entry).filter((entry) => picked.has(entry))), [entries, picked]);
  return {
    ids,
    choose: (entry, yes) => pick(yes ? new Set([...ids, entry]) : new Set([...ids].filter((one) => one !== entry))),
    chooseAll: (yes) => pick(new Set(yes ? entries.map(({ entry }) => entry) : [])),
  };
}
