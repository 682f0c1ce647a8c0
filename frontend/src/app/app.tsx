import { Command as CommandIcon, House, Info, Keyboard, ListChecks, PanelLeft, Settings, Trash2 } from "lucide-react";
import { useEffect } from "react";

import { About } from "@/features/about/about";
import { ClosingDialog } from "@/features/closing/closing-dialog";
import { Instance } from "@/features/instance/instance";
import { Jobs } from "@/features/operations/jobs";
import { Tray } from "@/features/operations/tray";
import { Settings as SettingsScreen } from "@/features/settings/settings";
import { Trash } from "@/features/trash/trash";
import { useTrashCommands } from "@/features/trash/use-trash-commands";
import { Home } from "@/features/versions/home";
import { useCommands, useShortcuts } from "@/state/commands";
import { show, useInterface } from "@/state/interface";
import { go, type Place, toAddress, useRoute } from "@/state/route";
import { TooltipProvider } from "@/ui/tooltip";
import { t } from "@/words";

import { ConnectionBanner } from "./connection";
import { FaultOfPlace, Faults } from "./faults";
import { useKeptFocus } from "./focus";
import { Palette, Shortcuts } from "./palette";
import { Rail } from "./rail";
import { useTheme } from "./theme";
import { Toasts } from "./toasts";

export function App() {
  useTheme();
  useKeptFocus();
  useShortcuts();
  useGlobalCommands();
  useTrashCommands();
  return (
    <TooltipProvider>
      <a
        href="#main"
        onClick={focusMain}
        className="sr-only z-50 rounded-md bg-accent px-3 py-1.5 text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t("Skip to the content")}
      </a>
      <div className="flex h-full">
        <Rail />
        <div className="flex min-w-0 flex-1 flex-col">
          <ConnectionBanner />
          <main id="main" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
            <SafePlace />
          </main>
        </div>
      </div>
      <Tray />
      <Palette />
      <Shortcuts />
      <ClosingDialog />
      <Toasts />
    </TooltipProvider>
  );
}

/** A fault of one place leaves the others, and the way to them, as they are. */
function SafePlace() {
  return (
    <Faults at={toAddress(useRoute())} shows={FaultOfPlace}>
      <CurrentPlace />
    </Faults>
  );
}

function CurrentPlace() {
  const route = useRoute();
  useEffect(() => {
    document.title = `${TITLES[route.place]} · ComfyUI Launcher`;
  }, [route.place]);
  switch (route.place) {
    case "home":
      return <Home />;
    case "version":
      return <Instance key={route.subject} tag={route.subject ?? ""} part={route.part ?? "overview"} />;
    case "jobs":
      return <Jobs {...(route.part ? { selected: route.part } : {})} />;
    case "trash":
      return <Trash />;
    case "settings":
      return <SettingsScreen {...(route.part ? { section: route.part } : {})} />;
    case "about":
      return <About {...(route.part ? { part: route.part } : {})} />;
  }
}

const TITLES: Record<Place, string> = {
  home: t("Home"),
  version: t("Version"),
  jobs: t("Jobs"),
  trash: t("Trash"),
  settings: t("Settings"),
  about: t("About"),
};

function useGlobalCommands(): void {
  const railOpen = useInterface((state) => state.railOpen);
  const places = t("Go to");
  const general = t("General");
  useCommands([
    { id: "palette", title: t("Command palette"), group: general, shortcut: "mod+k", icon: <CommandIcon />, run: () => show({ paletteOpen: true }) },
    { id: "shortcuts", title: t("Keyboard shortcuts"), group: general, shortcut: "?", icon: <Keyboard />, run: () => show({ shortcutsOpen: true }) },
    { id: "rail", title: t("Sidebar wide or small"), group: general, shortcut: "mod+b", icon: <PanelLeft />, run: () => show({ railOpen: !railOpen }) },
    { id: "go-home", title: t("Home"), group: places, shortcut: "g h", icon: <House />, keywords: "versions", run: () => go({ place: "home" }) },
    { id: "go-jobs", title: t("Jobs"), group: places, shortcut: "g j", icon: <ListChecks />, keywords: "operations history", run: () => go({ place: "jobs" }) },
    { id: "go-trash", title: t("Trash"), group: places, shortcut: "g t", icon: <Trash2 />, keywords: "removed restore", run: () => go({ place: "trash" }) },
    { id: "go-settings", title: t("Settings"), group: places, shortcut: "g s", icon: <Settings />, keywords: "options preferences", run: () => go({ place: "settings" }) },
    { id: "go-about", title: t("About and diagnostics"), group: places, shortcut: "g a", icon: <Info />, keywords: "report help version", run: () => go({ place: "about" }) },
  ]);
}

function focusMain(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
