import { useEffect, useMemo, useRef, useState } from "react";

import { invoke } from "@/state/launcher";
import { useLive } from "@/state/live";

import { logReader, type LogReader, type LogState, UNREAD } from "./log-reader";

/** The log of a version's last run, read on whenever it has grown. Also: a way to read it now. */
export function useLog(tag: string, state: string | undefined): readonly [LogState, () => void] {
  const [log, setLog] = useState<LogState>(UNREAD);
  const reader = useRef<LogReader | null>(null);
  const growth = useLive(({ logGrowth }) => logGrowth[tag] ?? 0);
  const connection = useLive((live) => live.connection);

  useEffect(() => {
    const own = logReader((after, limit) => invoke("versions.logs", { tag, after, limit }), setLog);
    reader.current = own;
    return () => own.stop();
  }, [tag]);

  // A start, an end and a connection that is back are reasons to look, as growth is.
  useEffect(() => reader.current?.read(), [tag, growth, state, connection]);

  const read = useMemo(() => () => reader.current?.read(), []);
  return [log, read];
}
