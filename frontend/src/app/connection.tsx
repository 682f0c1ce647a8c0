import { WifiOff } from "lucide-react";

import { useLive } from "@/state/live";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/states";
import { t } from "@/words";


/** The page was opened, but the launcher behind it has ended. */
export function Away() {
  return (
    <main className="graph-paper flex h-full items-center justify-center p-6">
      <h1 className="sr-only">ComfyUI Launcher</h1>
      <Empty
        icon={<WifiOff />}
        title={t("The launcher gives no answer")}
        action={
          <Button kind="primary" onClick={() => location.reload()}>
            {t("Try again")}
          </Button>
        }
      >
        {t("It may have been closed. Start it again, and this page works again.")}
      </Empty>
    </main>
  );
}

/** Says when the launcher is away. What was known stays on the screen. */
export function ConnectionBanner() {
  const lost = useLive((live) => live.connection === "lost");
  if (!lost) return null;
  return (
    <div role="status" className="flex items-center gap-2 border-b bg-warn-soft px-6 py-2 text-warn">
      <WifiOff aria-hidden className="size-4" />
      {t("The launcher gives no answer. What you see is the last that it said; this page goes on when it is back.")}
    </div>
  );
}
