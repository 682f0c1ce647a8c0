import { useAnswer } from "@/state/launcher";
import { TORCH_BUILDS } from "@/state/torch-builds";
import { Choice, Field, Input, Select } from "@/ui/fields";
import { t } from "@/words";

import { Fold } from "./fold";
import { usualTorch } from "./price";
import type { Ask } from "./use-ask";

const USUAL = "usual";

/** How it is installed. What is left alone comes from the settings. */
export function InstallOptionsView({ ask }: { readonly ask: Ask }) {
  return (
    <Fold title={t("Options")}>
      <div className="mt-3 flex flex-col gap-5">
        <TorchField ask={ask} />
        <PackagesField ask={ask} />
        <PythonField ask={ask} />
      </div>
    </Fold>
  );
}

function TorchField({ ask: { choices, choose } }: { readonly ask: Ask }) {
  const settings = useAnswer("settings.list", {}).data?.settings ?? [];
  const hardware = useAnswer("system.hardware", {}).data;
  const options = [
    { value: USUAL, label: t("As in the settings ({what})", { what: usualTorch(settings, hardware) }) },
    ...TORCH_BUILDS.map(({ name, words }) => ({
      value: name,
      label: name === "auto" && hardware ? t("Automatic, here {backend}", { backend: hardware.torch_backend }) : words,
    })),
  ];
  // What the version before was made with need not be one of these.
  if (choices.torch && !options.some(({ value }) => value === choices.torch)) {
    options.push({ value: choices.torch, label: choices.torch });
  }
  return (
    <Field label={t("Build of torch")} hint={hardware?.verdict ?? t("It has to fit the graphics card.")}>
      {(ids) => (
        <Select
          {...ids}
          label={t("Build of torch")}
          value={choices.torch || USUAL}
          onChange={(value) => choose({ torch: value === USUAL ? "" : value })}
          options={options}
        />
      )}
    </Field>
  );
}

const ABOUT_PACKAGES = {
  release: t("As they were when the version came out: what its makers tried it with."),
  today: t("The newest of today: mended since, but nobody has tried this very mix."),
} as const;

function PackagesField({ ask: { choices, choose } }: { readonly ask: Ask }) {
  const settings = useAnswer("settings.list", {}).data?.settings;
  const usual = settings?.find(({ name }) => name === "packages_as_of")?.value === "today" ? "today" : "release";
  const taken = choices.packagesAsOf === "settings" ? usual : choices.packagesAsOf;
  return (
    <div className="flex flex-col items-start gap-1.5">
      <span aria-hidden className="text-sm font-medium">{t("Packages")}</span>
      <Choice
        label={t("Packages")}
        value={choices.packagesAsOf}
        onChange={(packagesAsOf) => choose({ packagesAsOf })}
        options={[
          { value: "settings", label: t("As in the settings") },
          { value: "release", label: t("Of the release") },
          { value: "today", label: t("Of today") },
        ]}
      />
      <p className="text-sm text-ink-soft">{ABOUT_PACKAGES[taken]}</p>
    </div>
  );
}

function PythonField({ ask: { choices, choose } }: { readonly ask: Ask }) {
  return (
    <Field label="Python" hint={t("A version such as 3.12, or the path of a Python. Left empty it is the launcher's own.")}>
      {(ids) => (
        <Input {...ids} mono className="max-w-48" value={choices.python} placeholder={t("the launcher's own")} onChange={(event) => choose({ python: event.target.value })} />
      )}
    </Field>
  );
}
