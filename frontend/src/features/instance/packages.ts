/** The packages of an environment: as they were installed, and as they are. */

import type { ConstraintReport, EnvironmentReport } from "@/transport/contract.generated";

export type PackageState = "as installed" | "changed" | "missing" | "added";

export interface PackageRow {
  readonly name: string;
  /** What is there; without a look at it, what was installed. */
  readonly version: string;
  /** What was installed, where that differs. */
  readonly wanted: string | null;
  readonly state: PackageState;
  readonly isProtected: boolean;
}

/** `Foo_Bar` and `foo-bar` are one package. */
export function normalName(name: string): string {
  return name.trim().toLowerCase().replace(/[-_.]+/g, "-");
}

/** The name and the version of `name==version`, or of a requirement with a place (`name @ url`). */
export function splitPin(pin: string): readonly [string, string] {
  const [, name, rest] = /^\s*([\w.-]+(?:\[[^\]]*\])?)\s*(.*)$/.exec(pin) ?? [];
  if (name === undefined) return [pin, ""];
  return [name, (rest ?? "").replace(/^(?:===?|@)\s*/, "").trim()];
}

/** Every package, by name; those that are not as they should be first. `check` null: nobody looked. */
export function packageRows(
  constraints: ConstraintReport | undefined,
  check: EnvironmentReport | undefined,
): readonly PackageRow[] {
  const pins = new Map((constraints?.packages ?? []).map((pin) => [normalName(splitPin(pin)[0]), splitPin(pin)]));
  const guarded = new Set((constraints?.protected ?? []).map((one) => normalName(splitPin(one)[0])));
  const rows = check ? checked(pins, guarded, check) : asInstalled(pins, guarded);
  return rows.toSorted((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}

type Pins = ReadonlyMap<string, readonly [string, string]>;

function asInstalled(pins: Pins, guarded: ReadonlySet<string>): readonly PackageRow[] {
  return [...pins].map(([normal, [name, version]]) => ({
    name,
    version,
    wanted: null,
    state: "as installed",
    isProtected: guarded.has(normal),
  }));
}

function checked(pins: Pins, guarded: ReadonlySet<string>, check: EnvironmentReport): readonly PackageRow[] {
  const changed = new Set(check.changed.map((one) => normalName(splitPin(one)[0])));
  const present = check.packages.map(({ name, version }): PackageRow => {
    const normal = normalName(name);
    const wanted = pins.get(normal)?.[1] ?? null;
    const state = changed.has(normal) ? "changed" : pins.size > 0 && wanted === null ? "added" : "as installed";
    return { name, version, wanted: state === "changed" ? wanted : null, state, isProtected: guarded.has(normal) };
  });
  const missing = check.missing.map((one): PackageRow => {
    const [name, version] = splitPin(one);
    const normal = normalName(name);
    const wanted = version || pins.get(normal)?.[1] || null;
    return { name, version: "", wanted, state: "missing", isProtected: guarded.has(normal) };
  });
  return [...missing, ...present];
}

function rank({ state }: PackageRow): number {
  return { missing: 0, changed: 1, "as installed": 2, added: 2 }[state];
}
