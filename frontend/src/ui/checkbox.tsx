import { Check, Minus } from "lucide-react";
import { Checkbox as Radix } from "radix-ui";

interface CheckboxProps {
  readonly label: string;
  /** `some`: of the many that it stands for, a part is chosen. */
  readonly checked: boolean | "some";
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}

/** Whether something is chosen: one of many, or, at the head of a list, all of it. */
export function Checkbox({ label, checked, onChange, disabled }: CheckboxProps) {
  return (
    <Radix.Root
      aria-label={label}
      checked={checked === "some" ? "indeterminate" : checked}
      onCheckedChange={(next) => onChange(next === true)}
      disabled={disabled ?? false}
      className="flex size-4.5 shrink-0 items-center justify-center rounded-sm border border-ink-faint bg-ground text-accent-ink hover:border-ink-soft disabled:opacity-40 data-[state=checked]:border-accent data-[state=checked]:bg-accent data-[state=indeterminate]:border-accent data-[state=indeterminate]:bg-accent"
    >
      <Radix.Indicator className="[&_svg]:size-3.5">{checked === "some" ? <Minus aria-hidden /> : <Check aria-hidden />}</Radix.Indicator>
    </Radix.Root>
  );
}
