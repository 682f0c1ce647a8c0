import { HardDrive, Trash2 } from "lucide-react";

import { closeInstall } from "@/state/install-dialog";
import { useAnswer } from "@/state/launcher";
import { toAddress } from "@/state/route";
import { numberAt } from "@/state/told";
import type { Failure } from "@/transport/contract.generated";
import { t } from "@/words";

import { bytes } from "./format";

type Details = Failure["details"];

/** How much was needed and how much there is, as numbers that can be compared. */
export function RoomFacts({ details }: { readonly details: Details }) {
  const [needed, free] = [numberAt(details, "needed"), numberAt(details, "free")];
  const kept = numberAt(details, "kept") ?? 0;
  if (free === null) return null;
  return (
    <p className="tabular mt-1 flex flex-wrap items-center gap-x-5 gap-y-1">
      <HardDrive aria-hidden className="-mr-3 size-4 text-ink-faint" />
      {needed !== null && <Fact name={t("needed")} size={needed} />}
      {kept > 0 && <Fact name={t("to stay free")} size={kept} />}
      <Fact name={t("free")} size={free} />
      {needed !== null && needed + kept > free && <Fact name={t("missing")} size={needed + kept - free} />}
    </p>
  );
}

function Fact({ name, size }: { readonly name: string; readonly size: number }) {
  return (
    <span>
      <span className="font-semibold">{bytes(size)}</span> <span className="text-ink-soft">{name}</span>
    </span>
  );
}

/** The way to room that nobody misses: what waits in the trash. Nothing where nothing does. */
export function MakeRoom() {
  const entries = useAnswer("versions.trash", {}).data?.entries ?? [];
  if (entries.length === 0) return null;
  return (
    <a
      href={toAddress({ place: "trash" })}
      // A dialog would go on standing in front of it.
      onClick={closeInstall}
      className="flex h-7 items-center gap-2 rounded-md border border-line-strong bg-raised px-2.5 text-sm font-medium hover:bg-hover"
    >
      <Trash2 aria-hidden className="size-3.5" />
      {t("Empty the trash…")}
    </a>
  );
}
