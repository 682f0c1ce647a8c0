/**
 * Who we are to the service: a code from the launcher becomes a place that nobody else knows, and a
 * cookie for it that no script can read.
 */

import { ask } from "./http";
import { keepPlace, place, SESSION } from "./place";
import { LauncherError } from "./transport";

/** `program`: someone opened the session with the token itself. */
export type SessionDoor = "window" | "browser" | "program";

/**
 * The door of our session, or null when we have none and a code has to be typed.
 *
 * The launcher opens `/#code=XXXX-XXXX-XXXX`. A fragment is never sent anywhere; it is taken out of
 * the address at once, and the code works once.
 */
export async function enter(): Promise<SessionDoor | null> {
  const code = takeFromAddress("code");
  // A code that no longer works does no harm: the session may be there already.
  if (code !== null) await handIn(code);
  return knownDoor();
}

/** Opens a session with a code that a person typed. Throws what the service says against it. */
export async function enterWith(code: string): Promise<void> {
  const opened = await handIn(code);
  if (!opened.ok) throw new LauncherError(opened.error);
}

export async function knownDoor(): Promise<SessionDoor | null> {
  const ours = place();
  if (ours === null) return null;
  const answer = await ask<{ door: SessionDoor }>("GET", ours);
  return answer.ok ? answer.value.door : null;
}

async function handIn(code: string) {
  const opened = await ask<{ place: string }>("POST", SESSION, { code });
  if (opened.ok) keepPlace(opened.value.place);
  return opened;
}

function takeFromAddress(name: string): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const value = fragment.get(name);
  if (value !== null) history.replaceState(null, "", location.pathname);
  return value;
}
