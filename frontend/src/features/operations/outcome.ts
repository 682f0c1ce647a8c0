/** What came of an operation, and how to ask for the same again. */

import { invoke } from "@/state/launcher";
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
  readonly ask: () => Promise<OperationRef>;
}

/** Asks for the same again, with the settings of now; null where that would make no sense. */
export function again({ kind, subject, state }: OperationSnapshot): Request | null {
  if (!["failed", "cancelled", "interrupted"].includes(state)) return null;
  const tag = subject;
  switch (kind) {
    case "versions.install":
      return { ask: () => invoke(kind, { reference: subject }) };
    case "versions.launch":
    case "versions.stop":
    case "versions.uninstall":
      return { ask: () => invoke(kind, { tag }) };
    case "versions.empty_trash":
      return { ask: () => invoke(kind, {}) };
    case "versions.releases":
      return { ask: () => invoke("versions.refresh_releases", {}) };
    default:
      return null;
  }
}
