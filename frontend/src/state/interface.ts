/** What this page remembers about itself. Nothing here is truth about the launcher. */

import { create } from "zustand";

interface Interface {
  readonly railOpen: boolean;
  readonly paletteOpen: boolean;
  readonly shortcutsOpen: boolean;
  readonly trayOpen: boolean;
}

// At 200 % zoom, or in a small window, the sidebar makes room by itself.
const roomy = window.matchMedia("(min-width: 900px)");

export const useInterface = create<Interface>(() => ({
  railOpen: roomy.matches,
  paletteOpen: false,
  shortcutsOpen: false,
  trayOpen: false,
}));

export const show = useInterface.setState;

roomy.addEventListener("change", () => show({ railOpen: roomy.matches }));
