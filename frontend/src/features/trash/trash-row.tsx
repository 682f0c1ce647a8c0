import { ArchiveRestore, Copy, EllipsisVertical, Trash2 } from "lucide-react";

import { restore } from "@/state/changes";
import type { TrashedVersion } from "@/transport/contract.generated";
import { ActButton } from "@/ui/act-button";
import { IconButton } from "@/ui/button";
import { Checkbox } from "@/ui/checkbox";
import { classes } from "@/ui/classes";
import { copyText } from "@/ui/copy";
import { ago, bytes, dateAndTime } from "@/ui/format";
import { Menu, MenuItem, MenuLine } from "@/ui/menu";
import { Tooltip } from "@/ui/tooltip";
import { t } from "@/words";

import { askToDelete } from "./asking";
import { endWords } from "./entries";

interface TrashRowProps {
  readonly of: TrashedVersion;
  readonly chosen: boolean;
  readonly onChoose: (chosen: boolean) => void;
  /** It is being deleted. */
  readonly going: boolean;
}

/** A removed version: what it was, until when it can be had back, and the way back. */
export function TrashRow({ of, chosen, onChoose, going }: TrashRowProps) {
  const { entry, tag, trashed_at: at, expires_at: end, path } = of;
  const cell = "px-3 text-ink-soft whitespace-nowrap";
  return (
    <tr
      data-row
      data-entry={entry}
      className={classes("h-10 border-b last:border-b-0 focus-within:bg-hover/50 hover:bg-hover/50", chosen && "bg-accent-soft hover:bg-accent-soft")}
    >
      <td className="w-10 pl-4">
        <Checkbox label={t("Choose {tag}", { tag })} checked={chosen} onChange={onChoose} disabled={going} />
      </td>
      <Tooltip text={t("Goes back to {path}", { path })}>
        <th scope="row" className={classes("max-w-56 truncate pr-3 pl-1 font-medium", going && "text-ink-faint")}>
          {tag}
        </th>
      </Tooltip>
      <td className={`${cell} hidden @xl:table-cell`} title={dateAndTime(at)}>
        {ago(at)}
      </td>
      <td className={cell} title={end ? dateAndTime(end) : undefined}>
        {going ? t("being deleted now") : endWords(of)}
      </td>
      <td className={`${cell} text-right`}>{of.bytes === null ? "–" : bytes(of.bytes)}</td>
      <td className="px-3">
        <span className={classes("flex items-center justify-end gap-1", going && "invisible")}>
          <ActButton size="small" kind="quiet" icon={<ArchiveRestore aria-hidden />} aria-label={t("Take back {tag}", { tag })} act={() => restore(entry)}>
            <span className="hidden @lg:inline">{t("Take back")}</span>
          </ActButton>
          <RowMenu of={of} />
        </span>
      </td>
    </tr>
  );
}

function RowMenu({ of: { entry, tag, path } }: { readonly of: TrashedVersion }) {
  return (
    <Menu trigger={<MoreButton tag={tag} />}>
      <MenuItem icon={<Copy />} onSelect={() => void copyText(path)}>
        {t("Copy where it goes back to")}
      </MenuItem>
      <MenuLine />
      <MenuItem icon={<Trash2 />} danger onSelect={() => askToDelete([entry])}>
        {t("Delete for good…")}
      </MenuItem>
    </Menu>
  );
}

// The menu passes its own handlers to its trigger.
function MoreButton({ tag, ...rest }: { readonly tag: string }) {
  return (
    <IconButton label={t("More for {tag}", { tag })} size="small" className="size-7" {...rest}>
      <EllipsisVertical aria-hidden />
    </IconButton>
  );
}
