/** Finding words in the lines that are shown, and going from place to place. */

import type { LogLine } from "./log-lines";

/** The places in `lines` that contain the words, in any case of letters. */
export function placesOf(lines: readonly LogLine[], words: string): readonly number[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === "") return [];
  const found: number[] = [];
  lines.forEach(({ text }, index) => {
    if (text.toLowerCase().includes(wanted)) found.push(index);
  });
  return found;
}

/** The first of `places` behind `from`, round and round; null when there is none. */
export function nextPlace(places: readonly number[], from: number): number | null {
  return places.find((place) => place > from) ?? places[0] ?? null;
}

/** The last of `places` before `from`, round and round; null when there is none. */
export function previousPlace(places: readonly number[], from: number): number | null {
  return places.findLast((place) => place < from) ?? places.at(-1) ?? null;
}

export interface Part {
  readonly text: string;
  readonly hit: boolean;
}

/** `text` cut where the words are found in it. */
export function parts(text: string, words: string): readonly Part[] {
  const wanted = words.trim().toLowerCase();
  const low = text.toLowerCase();
  // Lower case can be longer than what it comes from; then the places do not fit the text.
  if (wanted === "" || low.length !== text.length) return [{ text, hit: false }];
  const found: Part[] = [];
  let at = 0;
  for (let hit = low.indexOf(wanted); hit >= 0; hit = low.indexOf(wanted, at)) {
    if (hit > at) found.push({ text: text.slice(at, hit), hit: false });
    at = hit + wanted.length;
    found.push({ text: text.slice(hit, at), hit: true });
  }
  if (at < text.length || found.length === 0) found.push({ text: text.slice(at), hit: false });
  return found;
}
