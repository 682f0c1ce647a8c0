import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

import { t } from "@/words";

import { Button, type ButtonProps } from "./button";

interface CopyButtonProps extends Omit<ButtonProps, "onClick" | "icon"> {
  /** Null: there is nothing to copy, and whoever said so has told why. */
  readonly text: string | (() => string | Promise<string | null>);
  readonly label: string;
}

/** Copies, and says for a moment that it did. */
export function CopyButton({ text, label, ...rest }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);

  const copy = async () => {
    const known = typeof text === "string" ? text : await text();
    if (known === null) return;
    await copyText(known);
    setCopied(true);
  };

  return (
    <Button
      {...rest}
      icon={copied ? <Check aria-hidden className="text-ok" /> : <Copy aria-hidden />}
      onClick={() => void copy()}
    >
      {copied ? t("Copied") : label}
    </Button>
  );
}

/** Puts text on the clipboard, also in an engine that does not let pages use it directly. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    (document.querySelector('[role="dialog"]') ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
