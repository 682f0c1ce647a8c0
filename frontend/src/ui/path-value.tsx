import { FolderOpen } from "lucide-react";

import { canReveal, reveal } from "@/state/changes";
import { t } from "@/words";

import { IconButton } from "./button";
import { folderOf } from "./paths";
import { Code } from "./surfaces";

interface PathValueProps {
  readonly path: string;
  /** It is a file: what can be shown is its folder. */
  readonly file?: boolean;
}

/** A path that can be shown in the file manager, where the page is in the window. */
export function PathValue({ path, file }: PathValueProps) {
  return (
    <span className="flex min-w-0 items-start gap-1">
      <Code>{path}</Code>
      {canReveal() && (
        <IconButton
          label={t("Show in the file manager")}
          className="-my-1 size-7"
          onClick={() => void reveal(file ? folderOf(path) : path)}
        >
          <FolderOpen aria-hidden />
        </IconButton>
      )}
    </span>
  );
}
