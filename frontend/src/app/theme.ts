import { useEffect } from "react";

import { useAnswer } from "@/state/launcher";

export type Theme = "system" | "dark" | "light";

const light = window.matchMedia("(prefers-color-scheme: light)");

/** Draws the page in the colours that the setting asks for, and follows the system's. */
export function useTheme(): void {
  const settings = useAnswer("settings.list", {}).data?.settings;
  const theme = settings?.find((setting) => setting.name === "theme")?.value as Theme | undefined;
  useEffect(() => {
    if (theme === undefined) return;
    const draw = () => {
      const drawn = theme === "system" ? (light.matches ? "light" : "dark") : theme;
      document.documentElement.dataset["theme"] = drawn;
    };
    keepForNextStart(theme);
    draw();
    light.addEventListener("change", draw);
    return () => light.removeEventListener("change", draw);
  }, [theme]);
}

// public/boot.js reads it before the first paint.
function keepForNextStart(theme: Theme): void {
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // No storage: the next start begins in the system's colours, for a moment.
  }
}
