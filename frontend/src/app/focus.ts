import { useEffect } from "react";

/**
 * The focus of a keyboard is never lost: when what had it is drawn no more, and nothing else took it,
 * the content of the page does.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    let somewhere = false;
    const note = () => {
      somewhere = true;
    };
    const look = () => {
      if (!somewhere || document.activeElement !== document.body) return;
      somewhere = false;
      // A dialog that closes gives the focus back in a moment: it goes first.
      setTimeout(() => {
        if (document.activeElement === document.body) document.getElementById("main")?.focus();
      }, 0);
    };
    const watch = new MutationObserver(look);
    watch.observe(document.body, { childList: true, subtree: true });
    document.addEventListener("focusin", note);
    return () => {
      watch.disconnect();
      document.removeEventListener("focusin", note);
    };
  }, []);
}
