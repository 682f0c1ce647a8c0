/** Numbers, sizes and times in the language of the sentences that they stand in. */

import { language, t } from "@/words";

const locale = localeFor(typeof navigator === "undefined" ? "en" : navigator.language, language);

/**
 * The user's own locale where it is of that language: its region orders dates. Else the language
 * as most of the world writes it: the day before the month, 24 hours.
 */
export function localeFor(wanted: string, spoken: string): string {
  try {
    const { language: own, baseName } = new Intl.Locale(wanted);
    if (own === spoken) return baseName;
  } catch {
    // A bare "C", as some engines report under LANG=C, is no locale and makes Intl throw.
  }
  return spoken === "en" ? "en-GB" : spoken;
}

const wholeNumber = new Intl.NumberFormat(locale);
const oneDigit = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

const SIZES = ["B", "kB", "MB", "GB", "TB"] as const;

/** `1.9 GB`. Decimal units, as disks and downloads are sold. */
export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < SIZES.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const number = unit <= 1 || value >= 100 ? wholeNumber.format(Math.round(value)) : oneDigit.format(value);
  return `${number} ${SIZES[unit] ?? ""}`;
}

/** `GiB` rounded to what is printed on the box: memory is sold in powers of two. */
export function memory(count: number): string {
  return `${wholeNumber.format(Math.round(count / 2 ** 30))} GB`;
}

export function count(value: number): string {
  return wholeNumber.format(value);
}

export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}

/** Words of the launcher as a sentence: `its end is torn` as `Its end is torn.`; a tag stays as it is. */
export function sentence(words: string): string {
  const begun = words.replace(/^[a-z](?=[a-z]*[\s,])/, (letter) => letter.toUpperCase());
  return begun === "" || /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** `4.7 s`, `2 min 10 s`, `1 h 5 min`. */
export function seconds(value: number): string {
  if (value < 9.95) return `${oneDigit.format(value)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function date(iso: string): string {
  return day.format(new Date(iso));
}

export function dateAndTime(iso: string): string {
  return moment.format(new Date(iso));
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** `3 days ago`, `just now`. */
export function ago(iso: string, now: number = Date.now()): string {
  const passed = (now - new Date(iso).getTime()) / 1000;
  for (const [unit, length] of STEPS) {
    if (passed >= length) return relative.format(-Math.floor(passed / length), unit);
  }
  return t("just now");
}

/** `in 12 days`, never `next week`: a deadline is counted. What is over, or near, is `now`. */
export function ahead(iso: string, now: number = Date.now()): string {
  const left = (new Date(iso).getTime() - now) / 1000;
  for (const [unit, length] of STEPS.slice(-3)) {
    if (left >= length) return relative.format(Math.round(left / length), unit);
  }
  return t("now");
}
