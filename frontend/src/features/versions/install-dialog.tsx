import { operationTitle } from "@/features/operations/wording";
import { closeInstall, useInstallDialog } from "@/state/install-dialog";
import { isFinal, useOperations } from "@/state/operations";
import type { OperationSnapshot } from "@/transport/contract.generated";
import { Dialog } from "@/ui/dialog";
import { t } from "@/words";

import { AskActions, AskBody } from "./install-ask";
import { FollowActions, FollowBody } from "./install-follow";
import { useAsk } from "./use-ask";

/** Installs a version: first the price, then the live stages, then what came of it. */
export function InstallDialog() {
  const { open, reference, operationId, instead } = useInstallDialog();
  const operation = useOperations().find(({ id }) => id === operationId);
  const ask = useAsk(reference, open && operationId === null);
  return (
    <Dialog
      open={open}
      onClose={closeInstall}
      title={titleOf(reference, operationId, operation, instead !== null)}
      description={descriptionOf(operationId, operation)}
      actions={operationId ? <FollowActions operation={operation} /> : <AskActions ask={ask} named={reference !== null} />}
    >
      {operationId ? <FollowBody operation={operation} /> : <AskBody ask={ask} named={reference !== null} />}
    </Dialog>
  );
}

function titleOf(reference: string | null, operationId: string | null, operation: OperationSnapshot | undefined, again: boolean): string {
  if (operation) return operationTitle(operation);
  if (operationId) return t("Installing");
  if (!reference) return t("Install a version");
  return again ? t("Install {reference} again", { reference }) : t("Install {reference}", { reference });
}

function descriptionOf(operationId: string | null, operation: OperationSnapshot | undefined): string {
  if (!operationId) return t("It gets an environment of its own. Models, outputs and settings are shared with the others.");
  if (operation && isFinal(operation)) return "";
  return t("It goes on in the background when you close this.");
}
