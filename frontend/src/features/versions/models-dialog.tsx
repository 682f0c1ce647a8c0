import { ModelFolders } from "@/features/settings/folders";
import { useAnswer } from "@/state/launcher";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { t } from "@/words";

interface ModelsDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Lets every version read models that are there already. */
export function ModelsDialog({ open, onClose }: ModelsDialogProps) {
  const { data: settings } = useAnswer("settings.list", {}, { enabled: open });
  return (
    <Dialog
      open={open}
      onClose={onClose}
      wide
      title={t("Models you have already")}
      description={t("A folder of models, or a whole ComfyUI. Every version reads it in place: nothing is copied or moved.")}
      actions={
        <Button kind="primary" autoFocus onClick={onClose}>
          {t("Done")}
        </Button>
      }
    >
      <ModelFolders settings={settings?.settings ?? []} />
    </Dialog>
  );
}
