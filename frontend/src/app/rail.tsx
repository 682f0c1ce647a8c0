import { House, Info, ListChecks, PanelLeft, Settings, Trash2 } from "lucide-react";
import type { ReactNode } from "react";

import { isQuiet } from "@/features/operations/wording";
import { VersionSwitcher } from "@/features/versions/switcher";
import { show, useInterface } from "@/state/interface";
import { useRunning } from "@/state/operations";
import { type Place, toAddress, useRoute } from "@/state/route";
import { IconButton } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Tooltip } from "@/ui/tooltip";
import { t } from "@/words";

/** Where one can go. A place appears here when what it shows exists. */
export const PLACES: readonly { place: Place; title: string; icon: ReactNode; shortcut: string }[] = [
  { place: "home", title: t("Home"), icon: <House aria-hidden />, shortcut: "g h" },
  { place: "jobs", title: t("Jobs"), icon: <ListChecks aria-hidden />, shortcut: "g j" },
  { place: "trash", title: t("Trash"), icon: <Trash2 aria-hidden />, shortcut: "g t" },
  { place: "settings", title: t("Settings"), icon: <Settings aria-hidden />, shortcut: "g s" },
  { place: "about", title: t("About"), icon: <Info aria-hidden />, shortcut: "g a" },
];

export function Rail() {
  const open = useInterface((state) => state.railOpen);
  const running = useRunning().filter((one) => !isQuiet(one)).length;
  return (
    <nav
      aria-label={t("Places")}
      className={classes("flex shrink-0 flex-col border-r bg-surface", open ? "w-52" : "w-14")}
    >
      <div className="flex h-14 items-center px-2">
        <VersionSwitcher compact={!open} />
      </div>
      <ul className="flex flex-1 flex-col gap-0.5 p-2">
        {PLACES.map((place) => (
          <li key={place.place} className={place.place === "trash" ? "mt-auto" : ""}>
            <RailLink {...place} open={open} count={place.place === "jobs" ? running : 0} />
          </li>
        ))}
      </ul>
      <div className="border-t p-2">
        <IconButton
          label={open ? t("Make the sidebar small") : t("Make the sidebar wide")}
          shortcut="mod+b"
          aria-expanded={open}
          onClick={() => show({ railOpen: !open })}
          className="size-9"
        >
          <PanelLeft aria-hidden />
        </IconButton>
      </div>
    </nav>
  );
}

interface RailLinkProps {
  readonly place: Place;
  readonly title: string;
  readonly icon: ReactNode;
  readonly shortcut: string;
  readonly open: boolean;
  readonly count: number;
}

function RailLink({ place, title, icon, shortcut, open, count }: RailLinkProps) {
  const route = useRoute();
  const here = route.place === place || (place === "home" && route.place === "version");
  const link = (
    <a
      href={toAddress({ place })}
      aria-current={here ? "page" : undefined}
      {...(open ? {} : { "aria-label": title })}
      className={classes(
        "relative flex h-9 items-center gap-3 rounded-md px-2.5 font-medium [&_svg]:size-4.5",
        here ? "bg-hover text-ink [&_svg]:text-accent" : "text-ink-soft hover:bg-hover hover:text-ink",
      )}
    >
      {icon}
      {open && <span className="flex-1">{title}</span>}
      {count > 0 && (
        <span
          className={classes(
            "tabular flex h-4.5 min-w-4.5 items-center justify-center rounded-full bg-accent px-1 text-xs text-accent-ink",
            !open && "absolute -top-0.5 -right-0.5",
          )}
        >
          {count}
        </span>
      )}
    </a>
  );
  return open ? (
    link
  ) : (
    <Tooltip text={title} shortcut={shortcut}>
      {link}
    </Tooltip>
  );
}
