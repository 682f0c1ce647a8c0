import { KeyRound } from "lucide-react";
import { type FormEvent, useState } from "react";

import { enterWith } from "@/transport/session";
import { LauncherError } from "@/transport/transport";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/fields";
import { t } from "@/words";

/** Asks for the code that the launcher shows, where a browser came here by itself. */
export function SignIn() {
  const [code, setCode] = useState("");
  const [error, setError] = useState<LauncherError | null>(null);
  const [busy, setBusy] = useState(false);

  const type = (text: string) => {
    setCode(text);
    setError(null);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await enterWith(code);
      location.reload();
    } catch (reason) {
      if (!(reason instanceof LauncherError)) throw reason;
      setError(reason);
      setBusy(false);
    }
  };

  return (
    <main className="graph-paper flex h-full items-center justify-center bg-ground p-6">
      <form
        onSubmit={(event) => void submit(event)}
        className="flex w-full max-w-sm flex-col gap-5 rounded-xl border bg-surface p-7 shadow-overlay"
      >
        <img src="/icon.svg" alt="" className="size-12" />
        <div>
          <h1 className="text-xl font-semibold">{t("This page needs a code")}</h1>
          <p className="mt-1 text-ink-soft">
            {t("Start the launcher again, or type the code that it shows in the terminal. Nobody else can use this page.")}
          </p>
        </div>
        <Field label={t("Code")} error={error ? `${error.message} ${error.hint}` : null}>
          {(ids) => (
            <Input
              {...ids}
              mono
              autoFocus
              required
              placeholder="XXXX-XXXX-XXXX"
              value={code}
              aria-invalid={error !== null}
              onChange={(event) => type(event.target.value)}
              className="h-10 text-center text-lg tracking-widest uppercase"
            />
          )}
        </Field>
        <Button type="submit" kind="primary" busy={busy} icon={<KeyRound aria-hidden />}>
          {t("Open the launcher")}
        </Button>
      </form>
    </main>
  );
}
