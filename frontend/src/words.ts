/**
 * Every sentence that a person reads goes through `t`. English is the key; a translation is a
 * catalogue from these keys to sentences with the same {names}.
 */

type Catalogue = Readonly<Record<string, string>>;

const catalogues: Readonly<Record<string, Catalogue>> = {};

const wanted = typeof navigator === "undefined" ? "en" : (navigator.language.split("-")[0] ?? "en");

/** The language that the page speaks: the user's where there is a catalogue of it, else English. */
export const language = wanted in catalogues ? wanted : "en";

export function t(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  const sentence = catalogues[language]?.[text] ?? text;
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
