import { CircleX, ListChecks } from "lucide-react";
import { useCommands } from "@/state/commands";
import { cancel } from "@/state/changes";
import { show, useInterface } from "@/state/interface";
import { useRunning } from "@/state/operations";
import { useReturnFocus } from "@/ui/return-focus";
import { t } from "@/words";

import { Announcer } from "./announcer";
import { useNoteSteps } from "./step-times";
import { useEndToasts } from "./toasts";
import { TrayPanel } from "./tray-panel";
import { TrayPill } from "./tray-pill";
import { isQuiet, operationTitle } from "./wording";

/** What runs now, at the bottom right of every place. There is nothing where nothing runs. */
export function Tray() {
  const open = useInterface((state) => state.trayOpen);
  const running = useRunning().filter((one) => !isQuiet(one));
  const giveFocusBack = useReturnFocus(open, "tray-pill");
  const close = () => {
    show({ trayOpen: false });
    // The pill that opened it may be back only after the next drawing.
    setTimeout(giveFocusBack, 0);
  };
  useNoteSteps();
  useEndToasts();
  useTrayCommands(close);

  return (
    <div className="pointer-events-none fixed right-4 bottom-4 z-30 flex max-w-[calc(100vw-2rem)] justify-end">
      <Announcer />
      {open ? <TrayPanel onClose={close} /> : <TrayPill running={running} />}
    </div>
  );
}

function useTrayCommands(close: () => void): void {
  const open = useInterface((state) => state.trayOpen);
  const group = t("Jobs");
  const stoppable = useRunning().filter((one) => one.state !== "cancelling");
  useCommands([
    {
      id: "tray",
      title: open ? t("Close what runs now") : t("Show what runs now"),
      group,
      shortcut: "t",
      icon: <ListChecks />,
      keywords: "operations tray progress",
      run: () => (open ? close() : show({ trayOpen: true })),
    },
    ...stoppable.map((one) => ({
      id: `cancel-${one.id}`,
      title: t("Cancel: {what}", { what: operationTitle(one) }),
      group,
      icon: <CircleX />,
      run: () => void cancel(one.id),
    })),
  ]);
}
