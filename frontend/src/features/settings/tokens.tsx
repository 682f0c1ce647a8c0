import { KeyRound, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";

import { useChange } from "@/state/launcher";
import type { KeepSecret, SecretStatus } from "@/transport/contract.generated";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Input } from "@/ui/fields";
import { Badge } from "@/ui/surfaces";
import { t } from "@/words";

const MEANING: Readonly<Record<string, readonly [title: string, use: string]>> = {
  GITHUB_TOKEN: ["GitHub", t("Release notes without the limit for strangers.")],
  HF_TOKEN: ["Hugging Face", t("Downloads of models that ask for a licence.")],
  CIVITAI_TOKEN: ["Civitai", t("Downloads that need an account.")],
};

const PLACES: Readonly<Record<SecretStatus["place"], string>> = {
  environment: t("from the environment"),
  keyring: t("in the keyring"),
  file: t("in a file only you can read"),
  nowhere: t("not set"),
};

/** Tokens go in and are never shown again. */
export function Tokens({ secrets }: { readonly secrets: readonly SecretStatus[] }) {
  return secrets.map((secret) => <Token key={secret.name} secret={secret} />);
}

function Token({ secret }: { readonly secret: SecretStatus }) {
  const keep = useChange("settings.keep_secret");
  const forget = useChange("settings.forget_secret");
  const [typed, setTyped] = useState("");
  const [asking, setAsking] = useState(false);
  const name = secret.name as KeepSecret["name"];
  const [title, use] = MEANING[secret.name] ?? [secret.name, ""];
  const known = secret.place !== "nowhere";
  const fixed = secret.place === "environment";
  const problem = keep.error ?? forget.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    keep.mutate({ name, value: typed }, { onSuccess: () => setTyped("") });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2 border-b px-5 py-4">
      <div className="flex items-center gap-2">
        <span className="font-medium">{title}</span>
        <Badge tone={known ? "ok" : "plain"}>{PLACES[secret.place]}</Badge>
      </div>
      <p className="text-sm text-ink-soft">{use}</p>
      {!fixed && (
        <div className="flex gap-2">
          <Input
            type="password"
            mono
            aria-label={t("Token for {name}", { name: title })}
            placeholder={known ? t("A new token replaces the one that is kept") : t("Paste the token")}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <Button type="submit" disabled={typed.length === 0} busy={keep.isPending} icon={<KeyRound aria-hidden />}>
            {t("Keep")}
          </Button>
          {known && (
            <IconButton label={t("Forget the token for {name}", { name: title })} onClick={() => setAsking(true)}>
              <Trash2 aria-hidden />
            </IconButton>
          )}
        </div>
      )}
      {problem && (
        <p role="alert" className="text-sm text-bad">
          {problem.message} {problem.hint}
        </p>
      )}
      <ForgetDialog open={asking} name={title} onClose={() => setAsking(false)} onForget={() => forget.mutate({ name })} />
    </form>
  );
}

interface ForgetDialogProps {
  readonly open: boolean;
  readonly name: string;
  readonly onClose: () => void;
  readonly onForget: () => void;
}

/** It is asked, because nothing brings a token back: the launcher never shows it. */
function ForgetDialog({ open, name, onClose, onForget }: ForgetDialogProps) {
  const forget = () => {
    onForget();
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("Forget the token for {name}?", { name })}
      description={t("It is deleted from where it is kept. To use it again you need to paste it again.")}
      actions={
        <>
          <Button autoFocus onClick={onClose}>
            {t("Keep it")}
          </Button>
          <Button kind="danger" onClick={forget}>
            {t("Forget it")}
          </Button>
        </>
      }
    />
  );
}
