import { Copy, Ellipsis, FolderOpen, ListX } from "lucide-react";
import { useEffect } from "react";
import { toast } from "sonner";

import { canReveal, reveal } from "@/state/changes";
import { IconButton } from "@/ui/button";
import { copyText } from "@/ui/copy";
import { count } from "@/ui/format";
import { Menu, MenuItem, MenuLabel, MenuLine } from "@/ui/menu";
import { folderOf } from "@/ui/paths";
import { t } from "@/words";

import type { LogLine } from "./log-lines";
import { markedCount, type Marks, markedText, textOf } from "./marks";

interface LogCopyMenuProps {
  readonly shown: readonly LogLine[];
  readonly file: string;
  readonly marks: Marks | null;
  readonly onUnmark: () => void;
}

/** Lines to the clipboard, and the way to the file. */
export function LogCopyMenu({ shown, file, marks, onUnmark }: LogCopyMenuProps) {
  const many = markedCount(shown, marks);
  useCopyKey(shown, marks);
  return (
    <Menu
      trigger={
        <IconButton label={t("Copy, and the file")}>
          <Ellipsis aria-hidden />
        </IconButton>
      }
    >
      {many > 0 ? (
        <>
          <MenuItem icon={<Copy />} shortcut="mod+c" onSelect={() => void copy(markedText(shown, marks), many)}>
            {t("Copy the marked lines")}
          </MenuItem>
          <MenuItem icon={<ListX />} onSelect={onUnmark}>
            {t("Unmark them")}
          </MenuItem>
        </>
      ) : (
        <MenuLabel>{t("Click a number to mark a line, with Shift to mark up to it. Or hold Shift and press an arrow key.")}</MenuLabel>
      )}
      <MenuItem icon={<Copy />} onSelect={() => void copy(textOf(shown), shown.length)}>
        {shown.length === 1 ? t("Copy the one line shown") : t("Copy all {count} lines shown", { count: count(shown.length) })}
      </MenuItem>
      <MenuLine />
      <MenuItem icon={<Copy />} onSelect={() => void copyText(file)}>
        {t("Copy the path of the file")}
      </MenuItem>
      {canReveal() && (
        <MenuItem icon={<FolderOpen />} onSelect={() => void reveal(folderOf(file))}>
          {t("Show the file in its folder")}
        </MenuItem>
      )}
    </Menu>
  );
}

async function copy(text: string, many: number): Promise<void> {
  await copyText(text);
  toast(many === 1 ? t("1 line copied") : t("{count} lines copied", { count: count(many) }));
}

// Copying takes the marked lines where nothing is selected as text.
function useCopyKey(shown: readonly LogLine[], marks: Marks | null): void {
  useEffect(() => {
    if (!marks) return;
    const take = (event: ClipboardEvent) => {
      const target = event.target as Element | null;
      if (target?.closest("input, textarea") || !document.getSelection()?.isCollapsed) return;
      event.clipboardData?.setData("text/plain", markedText(shown, marks));
      event.preventDefault();
    };
    document.addEventListener("copy", take);
    return () => document.removeEventListener("copy", take);
  }, [shown, marks]);
}
