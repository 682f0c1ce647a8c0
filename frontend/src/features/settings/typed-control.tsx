import type { KeyboardEvent } from "react";

import { classes } from "@/ui/classes";
import { Input } from "@/ui/fields";

import type { Control } from "./catalogue";
import type { SettingChange } from "./use-setting-change";

interface TypedProps {
  readonly id: string;
  readonly control: Extract<Control, { kind: "number" | "text" | "list" }>;
  readonly change: SettingChange;
  readonly disabled: boolean;
}

/** What is typed is kept when the field is left, or by Enter. Esc takes it back. */
export function TypedControl({ id, control, change, disabled }: TypedProps) {
  const shared = {
    id,
    value: change.text,
    disabled,
    placeholder: control.kind === "number" ? "" : control.placeholder,
    onBlur: change.keep,
    ...(change.problem === null ? {} : { "aria-invalid": true, "aria-describedby": `${id}-problem` }),
  };
  if (control.kind === "list") {
    return (
      <textarea
        {...shared}
        rows={Math.min(6, Math.max(2, change.text.split("\n").length))}
        spellCheck={false}
        onChange={(event) => change.type(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && change.drop()}
        className="w-full resize-y rounded-md border border-line-strong bg-ground px-2.5 py-1.5 font-mono text-sm placeholder:text-ink-faint hover:border-ink-faint disabled:opacity-50 aria-invalid:border-bad"
      />
    );
  }
  const press = ({ key }: KeyboardEvent) => {
    if (key === "Enter") change.keep();
    if (key === "Escape") change.drop();
  };
  const suggestions = control.kind === "text" ? control.suggestions : undefined;
  return (
    <div className={classes("flex items-center gap-2", control.kind === "number" ? "w-44" : "w-full")}>
      <Input
        {...shared}
        mono={control.kind === "text"}
        inputMode={control.kind === "number" ? "decimal" : "text"}
        {...(suggestions ? { list: `${id}-known` } : {})}
        onChange={(event) => change.type(event.target.value)}
        onKeyDown={press}
        className={control.kind === "number" ? "tabular text-right" : ""}
      />
      {control.kind === "number" && <span className="w-14 shrink-0 text-sm text-ink-soft">{control.unit}</span>}
      {suggestions && (
        <datalist id={`${id}-known`}>
          {suggestions.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </datalist>
      )}
    </div>
  );
}
