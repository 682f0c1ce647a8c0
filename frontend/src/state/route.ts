/** Where the user is: the fragment of the address, so that back, forward and reload just work. */

import { useSyncExternalStore } from "react";

export type Place = "home" | "version" | "jobs" | "trash" | "settings" | "about";

export interface Route {
  readonly place: Place;
  /** `version`: the tag. */
  readonly subject?: string;
  /** A tab or section within the place. */
  readonly part?: string;
}

export function toAddress({ place, subject, part }: Route): string {
  const parts = [place === "home" ? "" : place, subject, part].filter((one) => one !== undefined);
  return `#/${parts.map((one) => encodeURIComponent(one)).join("/")}`;
}

export function fromAddress(address: string): Route {
  const [place, ...rest] = address.replace(/^#\/?/, "").split("/").map(decoded);
  if (place === "version" && rest[0]) {
    return { place, subject: rest[0], ...(rest[1] ? { part: rest[1] } : {}) };
  }
  if (place === "jobs" || place === "trash" || place === "settings" || place === "about") {
    return { place, ...(rest[0] ? { part: rest[0] } : {}) };
  }
  return { place: "home" };
}

export function go(route: Route): void {
  location.hash = toAddress(route);
}

/** As `go`, in the place of where the user is now: back leads to what was before that. */
export function goInstead(route: Route): void {
  location.replace(toAddress(route));
}

export function useRoute(): Route {
  return fromAddress(useSyncExternalStore(subscribe, () => location.hash));
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
