/** What came of an operation, and how to ask for the same again. */

import { openInstall } from "@/state/install-dialog";
import { invoke } from "@/state/launcher";
import { go } from "@/state/route";
import { numberAt, textAt } from "@/state/told";
import type { OperationRef, OperationSnapshot } from "@/transport/contract.generated";
import { bytes, count, seconds } from "@/ui/format";
import { t } from "@/words";

/**
 * The result of an operation that succeeded, in a sentence; null where its title says it all, and
 * where it is one of another release, which this page cannot read.
 */
export function resultWords({ kind, state, result }: OperationSnapshot): string | null {
  if (state !== "succeeded" || result === null) return null;
  switch (kind) {
    case "versions.install":
      return installed(result);
    case "versions.launch":
      return launched(result);
    case "versions.stop":
      return stopped(result);
    case "versions.uninstall":
      return t("It lies in the trash and can be taken back from there.");
    case "versions.empty_trash":
      return freed(result);
    default:
      return null;
  }
}

function installed(result: unknown): string | null {
  const [packages, own] = [numberAt(result, "package_count"), numberAt(result, "own_bytes")];
  if (packages === null || own === null) return null;
  return t("{packages} packages with torch {torch}, {size} of its own.", {
    packages: count(packages),
    torch: textAt(result, "torch", "version") ?? t("unknown"),
    size: bytes(own),
  });
}

function launched(result: unknown): string | null {
  const url = textAt(result, "instance", "url");
  if (url === null) return null;
  const ready = numberAt(result, "instance", "ready_seconds");
  const answers =
    ready === null
      ? t("It answers at {url}.", { url })
      : t("It answers at {url}, after {time}.", { url, time: seconds(ready) });
  return [answers, textAt(result, "advice")].filter(Boolean).join(" ");
}

function stopped(result: unknown): string | null {
  const [words, took] = [textAt(result, "words"), numberAt(result, "seconds")];
  if (words === null || took === null) return null;
  return t("It ended after {time}: {words}.", { words, time: seconds(took) });
}

function freed(result: unknown): string | null {
  const size = numberAt(result, "bytes");
  return size === null ? null : t("That freed {size}.", { size: bytes(size) });
}

/** A change that starts an operation, ready to be asked for. */
export interface Request {
  /** Null: it asks something first. */
  readonly ask: () => Promise<OperationRef | null>;
}

/** Asks for the same again; null where that would make no sense. */
export function again({ id, kind, subject, state, request, recovery }: OperationSnapshot): Request | null {
  if (!["failed", "cancelled", "interrupted"].includes(state) || recovery?.outcome === "finished") return null;
  if (request !== null) return { ask: () => invoke("operations.retry", { operation_id: id }) };
  return withoutRequest(kind, subject);
}

// What was asked is not on record: what follows from the subject alone is asked, and the rest shown.
function withoutRequest(kind: string, subject: string): Request | null {
  switch (kind) {
    case "versions.install":
      return { ask: () => instead(() => openInstall(subject)) };
    case "versions.launch":
    case "versions.stop":
      return { ask: () => invoke(kind, { tag: subject }) };
    case "versions.empty_trash":
      return { ask: () => instead(() => go({ place: "trash" })) };
    case "versions.releases":
      return { ask: () => invoke("versions.refresh_releases", {}) };
    default:
      return null;
  }
}

async function instead(show: () => void): Promise<null> {
  show();
  return null;
}
