import { useState } from "react";

import { remember, useChange } from "@/state/launcher";
import type { SettingStatus, SettingsList } from "@/transport/contract.generated";

import { asText, type Control, wishOf } from "./catalogue";

export interface SettingChange {
  /** What stands in the field: what is typed, or else what is set. */
  readonly text: string;
  /** Why what was typed was not taken. */
  readonly problem: string | null;
  readonly type: (text: string) => void;
  /** Takes what was typed. */
  readonly keep: () => void;
  /** Takes back what was typed. */
  readonly drop: () => void;
  readonly set: (value: unknown) => void;
  readonly reset: () => void;
}

/** A setting on its way from a field to the launcher. */
export function useSettingChange(setting: SettingStatus, control: Control): SettingChange {
  const change = useChange("settings.change");
  const reset = useChange("settings.reset");
  const [typed, setTyped] = useState<string | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const { name } = setting;
  const error = change.error ?? reset.error;
  const problem = refused ?? (error && `${error.message} ${error.hint}`);

  const calm = () => {
    setRefused(null);
    change.reset();
    reset.reset();
  };
  const taken = (settings: SettingsList) => {
    remember("settings.list", {}, () => settings);
    setTyped(null);
  };
  const set = (value: unknown) => {
    calm();
    change.mutate({ name, value }, { onSuccess: taken });
  };
  const goBack = () => {
    calm();
    reset.mutate({ name }, { onSuccess: taken });
  };

  return {
    text: typed ?? asText(setting.value),
    problem,
    type: (text) => {
      calm();
      setTyped(text);
    },
    keep: () => {
      // What was refused is not sent again as long as it stays the same.
      if (typed === null || problem !== null || change.isPending || reset.isPending) return;
      if (typed.trim() === asText(setting.value)) return setTyped(null);
      const wish = wishOf(control, typed, setting.default);
      if (wish.do === "refuse") setRefused(wish.why);
      else if (wish.do === "reset") goBack();
      else set(wish.value);
    },
    drop: () => {
      calm();
      setTyped(null);
    },
    set,
    reset: goBack,
  };
}
