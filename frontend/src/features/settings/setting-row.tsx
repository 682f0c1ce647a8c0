import { RotateCcw } from "lucide-react";
import { useId } from "react";

import type { SettingStatus } from "@/transport/contract.generated";
import { IconButton } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Choice, Switch } from "@/ui/fields";
import { Prose } from "@/ui/prose";
import { Badge } from "@/ui/surfaces";
import { t } from "@/words";

import { asText, type Entry, isFixed } from "./catalogue";
import { TypedControl } from "./typed-control";
import { type SettingChange, useSettingChange } from "./use-setting-change";

/** One setting: what it is, what it is set to, and the way back to its default. */
export function SettingRow({ entry, setting }: { readonly entry: Entry; readonly setting: SettingStatus }) {
  const change = useSettingChange(setting, entry.control);
  const id = useId();
  const wide = entry.control.kind === "list" || entry.control.kind === "text";
  return (
    <div className="flex flex-col gap-2 border-b px-5 py-4 last:border-b-0">
      <div className={classes("flex gap-x-8 gap-y-3", wide ? "flex-col" : "flex-wrap items-center justify-between")}>
        <div className="min-w-0 flex-1">
          <div className="flex min-h-6 items-center gap-2">
            <label id={`${id}-name`} htmlFor={id} className="font-medium">
              {entry.title}
            </label>
            {setting.source === "file" && (
              <IconButton
                label={t("Back to the default: {value}", { value: asText(setting.default) || t("none") })}
                className="size-6 [&_svg]:size-3.5"
                onClick={change.reset}
              >
                <RotateCcw aria-hidden />
              </IconButton>
            )}
            {isFixed(setting) && <Badge>{t("set by {variable}", { variable: setting.variables[0] ?? "" })}</Badge>}
          </div>
          <p className="text-sm text-ink-soft">
            <Prose>{setting.description}</Prose>
          </p>
        </div>
        <ControlFor id={id} entry={entry} setting={setting} change={change} />
      </div>
      {change.problem !== null && (
        <p id={`${id}-problem`} role="alert" className="text-sm text-bad">
          {change.problem}
        </p>
      )}
    </div>
  );
}

interface ControlProps {
  readonly id: string;
  readonly entry: Entry;
  readonly setting: SettingStatus;
  readonly change: SettingChange;
}

function ControlFor({ id, entry, setting, change }: ControlProps) {
  const disabled = isFixed(setting);
  const { control, title } = entry;
  if (control.kind === "switch") {
    return <Switch id={id} label={title} checked={setting.value === true} disabled={disabled} onChange={change.set} />;
  }
  if (control.kind === "choice") {
    return (
      <Choice
        label={title}
        value={asText(setting.value)}
        disabled={disabled}
        onChange={change.set}
        options={control.options.map(([value, label]) => ({ value, label }))}
      />
    );
  }
  return <TypedControl id={id} control={control} change={change} disabled={disabled} />;
}
