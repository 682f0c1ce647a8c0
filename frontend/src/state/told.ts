/**
 * What is read from the journal, where a newer or an older launcher may have written it: nothing in
 * it is sure to be there.
 */

/** The value at the end of the path; undefined where there is none. */
function valueAt(told: unknown, path: readonly string[]): unknown {
  let value = told;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

export function textAt(told: unknown, ...path: readonly string[]): string | null {
  const value = valueAt(told, path);
  return typeof value === "string" && value !== "" ? value : null;
}

export function numberAt(told: unknown, ...path: readonly string[]): number | null {
  const value = valueAt(told, path);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
