import { AppWindow } from "lucide-react";

import { refresh, useAnswer, useChange } from "@/state/launcher";
import { Button } from "@/ui/button";
import { Card, Code } from "@/ui/surfaces";
import { t } from "@/words";

/** The entry in the menu of the desktop. */
export function MenuEntry() {
  const { data } = useAnswer("system.shortcut", {});
  const install = useChange("system.install_shortcut");
  const remove = useChange("system.remove_shortcut");
  if (!data) return null;
  const change = data.installed && data.current ? remove : install;
  const problem = install.error ?? remove.error;
  return (
    <Card className="flex flex-wrap items-center gap-4 px-5 py-4">
      <AppWindow aria-hidden className="size-5 text-ink-faint" />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{t("Entry in the menu of the desktop")}</p>
        <p className="text-sm text-ink-soft">
          {data.installed ? <Code>{data.path}</Code> : t("So that the launcher starts like every other program.")}
        </p>
        {data.installed && !data.current && (
          <p className="text-sm text-warn">{t("It starts a launcher at another place.")}</p>
        )}
        {problem && (
          <p role="alert" className="text-sm text-bad">
            {problem.message} {problem.hint}
          </p>
        )}
      </div>
      <Button busy={change.isPending} onClick={() => change.mutate({}, { onSuccess: () => refresh("system.shortcut") })}>
        {data.installed && data.current ? t("Remove it") : t("Add it")}
      </Button>
    </Card>
  );
}
