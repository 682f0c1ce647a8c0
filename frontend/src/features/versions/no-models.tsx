import { FolderPlus, Package } from "lucide-react";
import { useState } from "react";

import { useAnswer } from "@/state/launcher";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { t } from "@/words";

import { ModelsDialog } from "./models-dialog";

/** Says so while there is no model: it runs, but can make nothing. */
export function NoModels() {
  const { data } = useAnswer("models.folders", {});
  const [open, setOpen] = useState(false);
  return (
    <>
      {data?.model_count === 0 && (
        <Notice
          className="relative mx-6 mb-6 items-center px-4 py-3"
          icon={<Package />}
          action={
            <Button size="small" icon={<FolderPlus aria-hidden />} onClick={() => setOpen(true)}>
              {t("Use models you have")}
            </Button>
          }
        >
          <span className="font-medium">{t("No models yet.")}</span>{" "}
          <span className="text-ink-soft">{t("ComfyUI runs without them, but can make nothing.")}</span>
        </Notice>
      )}
      <ModelsDialog open={open} onClose={() => setOpen(false)} />
    </>
  );
}
