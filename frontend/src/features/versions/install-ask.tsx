import { Download } from "lucide-react";

import { closeInstall, useInstallDialog } from "@/state/install-dialog";
import { useAnswer } from "@/state/launcher";
import { go } from "@/state/route";
import type { VersionStatus } from "@/transport/contract.generated";
import { ActButton } from "@/ui/act-button";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/fields";
import { ErrorCard } from "@/ui/states";
import { t } from "@/words";

import { install } from "./actions";
import { InstallOptionsView } from "./install-options";
import { InstallPrice } from "./install-price";
import { obstacleOf } from "./price";
import type { Ask } from "./use-ask";

interface AskBodyProps {
  readonly ask: Ask;
  /** The version is settled already. */
  readonly named: boolean;
}

/** Which, at what price, and, folded away, how. */
export function AskBody({ ask, named }: AskBodyProps) {
  const refusal = useInstallDialog((dialog) => dialog.refusal);
  return (
    <div className="flex flex-col gap-5">
      {!named && <ReferenceField ask={ask} />}
      {refusal && <ErrorCard error={refusal} title={t("The installation was not begun")} />}
      {ask.error ? <ErrorCard error={ask.error} onRetry={ask.again} /> : ask.choices.reference !== "" && <InstallPrice plan={ask.plan} />}
      {ask.instead && <AsBefore version={ask.instead} />}
      <InstallOptionsView ask={ask} />
    </div>
  );
}

function AsBefore({ version: { tag } }: { readonly version: VersionStatus }) {
  return (
    <p className="text-sm text-ink-soft">
      {t("It is installed as {tag} was. {tag} goes to the trash when the installation begins, and can be had back from there.", { tag })}
    </p>
  );
}

function ReferenceField({ ask: { choices, choose } }: { readonly ask: Ask }) {
  const { data } = useAnswer("versions.releases", {});
  const known = [...(data?.releases ?? []).map(({ tag }) => tag), ...(data?.branches ?? [])];
  return (
    <Field label={t("Release, branch or commit")} hint={t("A branch is installed as it is now, and stays so until you install it again.")}>
      {(ids) => (
        <>
          <Input
            {...ids}
            mono
            autoFocus
            list="references"
            value={choices.reference}
            placeholder="v0.3.64"
            onFocus={(event) => event.currentTarget.select()}
            onChange={(event) => choose({ reference: event.target.value })}
            className="[&::-webkit-calendar-picker-indicator]:opacity-50"
          />
          <datalist id="references">
            {known.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

export function AskActions({ ask: { plan, error, options, choices }, named }: AskBodyProps) {
  const obstacle = plan ? obstacleOf(plan) : null;
  if (plan && obstacle === "installed") {
    const show = () => {
      closeInstall();
      go({ place: "version", subject: plan.tag });
    };
    return (
      <Button kind="primary" onClick={show}>
        {t("Show {tag}", { tag: plan.tag })}
      </Button>
    );
  }
  const reference = choices.reference.trim();
  return (
    <>
      <Button onClick={closeInstall}>{t("Not now")}</Button>
      <ActButton
        kind="primary"
        icon={<Download aria-hidden />}
        autoFocus={named}
        disabled={reference === "" || error !== null || obstacle === "room"}
        act={() => install(options)}
      >
        {reference ? t("Install {reference}", { reference }) : t("Install")}
      </ActButton>
    </>
  );
}
