import { toAddress } from "@/state/route";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { t } from "@/words";

const ABOUT_A_VERSION = new Set(["versions.install", "versions.launch", "versions.stop"]);

/** The way to what a job was about. */
export function JobNext({ operation: { kind, subject, state, recovery } }: { readonly operation: OperationSnapshot }) {
  const isThere = state === "succeeded" || recovery?.outcome === "finished";
  if (!ABOUT_A_VERSION.has(kind) || (kind === "versions.install" && !isThere)) return null;
  return (
    <a
      href={toAddress({ place: "version", subject })}
      className="flex h-7 shrink-0 items-center rounded-md border border-line-strong bg-raised px-2.5 text-sm font-medium hover:bg-hover"
    >
      {t("Show {tag}", { tag: subject })}
    </a>
  );
}
