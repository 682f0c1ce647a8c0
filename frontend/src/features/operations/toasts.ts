/** Tells of ends that the user did not watch, each with the one thing to do about it. */

import { useEffect, useRef } from "react";
import { toast } from "sonner";

import { launchInstalled, restore } from "@/state/changes";
import { useInstallDialog } from "@/state/install-dialog";
import { useInterface } from "@/state/interface";
import { useAnswer } from "@/state/launcher";
import { fromAddress, go } from "@/state/route";
import { textAt } from "@/state/told";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { t } from "@/words";

import { type Attention, endedSince, isNews, seen, type Seen } from "./watching";
import { operationTitle } from "./wording";

const FAILURE_MS = 12_000;

/** Shows them for as long as the calling component is shown. */
export function useEndToasts(): void {
  const operations = useAnswer("operations.list", {}).data?.operations;
  const before = useRef<Seen | null>(null);
  useEffect(() => {
    if (!operations) return;
    const attention = attentionNow();
    for (const ended of endedSince(before.current, operations, Date.now())) {
      if (isNews(ended, attention)) tell(ended);
    }
    before.current = seen(operations);
  }, [operations]);
}

function attentionNow(): Attention {
  const { open, operationId } = useInstallDialog.getState();
  return {
    route: fromAddress(location.hash),
    trayOpen: useInterface.getState().trayOpen,
    followed: open ? operationId : null,
    pageVisible: document.visibilityState === "visible",
  };
}

function tell(operation: OperationSnapshot): void {
  const title = operationTitle(operation);
  const show = { label: t("Show"), onClick: () => go({ place: "jobs", part: operation.id }) };
  if (operation.state === "succeeded") {
    toast.success(title, { id: operation.id, action: nextStep(operation) ?? show });
    return;
  }
  const why = operation.error?.message;
  toast.error(title, {
    id: operation.id,
    duration: FAILURE_MS,
    action: show,
    ...(why ? { description: why } : {}),
  });
}

function nextStep({ kind, subject, result }: OperationSnapshot) {
  switch (kind) {
    case "versions.install":
      return { label: t("Launch"), onClick: () => void launchInstalled(textAt(result, "tag") ?? subject) };
    case "versions.launch":
      return { label: t("Show"), onClick: () => go({ place: "version", subject }) };
    case "versions.uninstall": {
      const entry = textAt(result, "entry");
      return entry && { label: t("Undo"), onClick: () => void restore(entry) };
    }
    default:
      return null;
  }
}
