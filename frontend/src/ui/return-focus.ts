/** What opens over the page gives the focus of the keyboard back to where it came from. */

import { useState } from "react";

/**
 * For what opens without a trigger of its own: notes who has the focus when `open` turns true. The
 * answer is for `onCloseAutoFocus`, or to be called when it has closed.
 *
 * `instead`: the id of what takes the focus where the opener is gone by then.
 */
export function useReturnFocus(open: boolean, instead = "main"): (event?: Event) => void {
  const [was, setWas] = useState(false);
  const [opener, setOpener] = useState<HTMLElement | null>(null);
  if (open !== was) {
    setWas(open);
    // Now, before anything that opens takes the focus for itself.
    if (open) setOpener(focused());
  }
  return (event) => {
    event?.preventDefault();
    const target = opener?.isConnected ? opener : document.getElementById(instead);
    target?.focus();
  };
}

function focused(): HTMLElement | null {
  const one = document.activeElement;
  // A menu goes with the choice that is made in it: its button stays.
  const menu = one?.closest('[role="menu"]');
  const kept = menu ? document.getElementById(menu.getAttribute("aria-labelledby") ?? "") : one;
  return kept instanceof HTMLElement && kept !== document.body ? kept : null;
}
