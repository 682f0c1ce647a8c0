/**
 * Where our session is good: `/api/v1/session/…`, which only this page and the service know. A
 * browser sends a cookie to every server of a host, whatever its port; to that path no other server
 * is ever asked, so that none is sent ours.
 */

export const API = "/api/v1";
export const SESSION = `${API}/session`;

const KEY = "place";
// Another server may have had this address before us, and may have left something here.
const SOUND = /^\/api\/v1\/session\/[0-9a-f]{32}$/;

let remembered: string | null = null;

/** Below it everything is asked. Null: there is no session yet, and a code is needed. */
export function place(): string | null {
  for (const storage of storages()) {
    try {
      const kept = storage.getItem(KEY);
      if (kept !== null && SOUND.test(kept)) return kept;
    } catch {
      // Not allowed here: the next one.
    }
  }
  return remembered;
}

/** Keeps it for a reload, as well as this browser lets us. */
export function keepPlace(given: string): void {
  remembered = given;
  for (const storage of storages()) {
    try {
      storage.setItem(KEY, given);
      return;
    } catch {
      // Full, or not allowed here: the next one.
    }
  }
}

/** Some engines have none, and some throw at the mere look. */
function* storages(): Generator<Storage> {
  for (const name of ["localStorage", "sessionStorage"] as const) {
    try {
      const storage = window[name] as Storage | null;
      if (storage) yield storage;
    } catch {
      // Not allowed here.
    }
  }
}
