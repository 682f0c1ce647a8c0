import { useState } from "react";

import { Button, type ButtonProps } from "./button";

export interface ActButtonProps extends Omit<ButtonProps, "onClick" | "busy"> {
  readonly act: () => Promise<unknown>;
}

/** A button that is busy from the press until the launcher has taken it up. */
export function ActButton({ act, ...rest }: ActButtonProps) {
  const [busy, setBusy] = useState(false);
  const press = async () => {
    setBusy(true);
    try {
      await act();
    } finally {
      setBusy(false);
    }
  };
  return <Button {...rest} busy={busy} onClick={() => void press()} />;
}
