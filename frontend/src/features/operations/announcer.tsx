import { useEffect, useRef, useState } from "react";

import { useAnswer } from "@/state/launcher";
import { t } from "@/words";

import { begunSince, endedSince, seen, type Seen } from "./watching";
import { isQuiet, operationTitle } from "./wording";

/** Says to a screen reader what begins and what ends; never each percent between. */
export function Announcer() {
  const operations = useAnswer("operations.list", {}).data?.operations;
  const before = useRef<Seen | null>(null);
  const [words, setWords] = useState("");
  useEffect(() => {
    if (!operations) return;
    const loud = operations.filter((one) => !isQuiet(one));
    const begun = begunSince(before.current, loud).map((one) => t("{what} has begun.", { what: operationTitle(one) }));
    const ended = endedSince(before.current, loud, Date.now()).map((one) =>
      t("{what}.", { what: operationTitle(one) }),
    );
    before.current = seen(operations);
    if (begun.length + ended.length > 0) setWords([...begun, ...ended].join(" "));
  }, [operations]);
  return (
    // `aria-live` in so many words: what is live stays heard while a dialog hides the rest.
    <p role="status" aria-live="polite" className="sr-only">
      {words}
    </p>
  );
}
