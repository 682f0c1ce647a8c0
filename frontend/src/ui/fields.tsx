import { Check, ChevronDown } from "lucide-react";
import { Select as RadixSelect, Switch as RadixSwitch } from "radix-ui";
import type { InputHTMLAttributes, ReactNode, Ref } from "react";
import { useId } from "react";

import { classes } from "./classes";

const box =
  "h-8 rounded-md border border-line-strong bg-ground px-2.5 text-base text-ink placeholder:text-ink-faint hover:border-ink-faint disabled:opacity-50 aria-invalid:border-bad";

interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly mono?: boolean;
  readonly ref?: Ref<HTMLInputElement>;
}

export function Input({ mono, className, ...rest }: InputProps) {
  return (
    <input
      spellCheck={false}
      autoComplete="off"
      {...rest}
      className={classes(box, mono && "font-mono text-sm", "w-full min-w-0", className)}
    />
  );
}

interface SelectProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly disabled?: boolean;
  readonly id?: string;
  readonly className?: string;
}

export function Select<Value extends string>({
  label,
  value,
  onChange,
  options,
  disabled,
  id,
  className,
}: SelectProps<Value>) {
  return (
    <RadixSelect.Root
      value={value}
      onValueChange={(next) => onChange(next as Value)}
      disabled={disabled ?? false}
    >
      <RadixSelect.Trigger
        id={id}
        aria-label={label}
        className={classes(box, "inline-flex items-center justify-between gap-2", className)}
      >
        <RadixSelect.Value />
        <ChevronDown aria-hidden className="size-4 text-ink-faint" />
      </RadixSelect.Trigger>
      <RadixSelect.Portal>
        <RadixSelect.Content
          position="popper"
          sideOffset={4}
          className="animate-rise z-50 max-h-80 min-w-(--radix-select-trigger-width) overflow-auto rounded-lg border border-line-strong bg-raised p-1 shadow-overlay"
        >
          <RadixSelect.Viewport>
            {options.map((option) => (
              <RadixSelect.Item
                key={option.value}
                value={option.value}
                className="flex h-8 items-center gap-2 rounded-md pr-3 pl-7 outline-none select-none data-highlighted:bg-hover"
              >
                <RadixSelect.ItemIndicator className="absolute left-2.5">
                  <Check aria-hidden className="size-4 text-accent" />
                </RadixSelect.ItemIndicator>
                <RadixSelect.ItemText>{option.label}</RadixSelect.ItemText>
              </RadixSelect.Item>
            ))}
          </RadixSelect.Viewport>
        </RadixSelect.Content>
      </RadixSelect.Portal>
    </RadixSelect.Root>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
  readonly id?: string;
}

export function Switch({ label, checked, onChange, disabled, id }: SwitchProps) {
  return (
    <RadixSwitch.Root
      id={id}
      aria-label={label}
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled ?? false}
      className="h-5 w-9 shrink-0 rounded-full border border-line-strong bg-hover p-0.5 transition-colors data-[state=checked]:border-accent data-[state=checked]:bg-accent disabled:opacity-50"
    >
      <RadixSwitch.Thumb className="block size-3.5 rounded-full bg-ink-soft transition-transform data-[state=checked]:translate-x-4 data-[state=checked]:bg-accent-ink" />
    </RadixSwitch.Root>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: ReactNode;
  readonly children: (ids: { readonly id: string; readonly "aria-describedby"?: string }) => ReactNode;
}

/** A label above its control, with a word of help or what is wrong below it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const about = error ?? hint;
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({ id, ...(about ? { "aria-describedby": `${id}-about` } : {}) })}
      {about && (
        <p id={`${id}-about`} className={classes("text-sm", error ? "text-bad" : "text-ink-soft")}>
          {about}
        </p>
      )}
    </div>
  );
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly options: readonly { readonly value: Value; readonly label: ReactNode }[];
  readonly disabled?: boolean;
}

/** A few answers side by side, of which one holds. */
export function Choice<Value extends string>({
  label,
  value,
  onChange,
  options,
  disabled,
}: ChoiceProps<Value>) {
  return (
    <fieldset
      aria-label={label}
      disabled={disabled}
      className="inline-flex flex-wrap rounded-md border border-line-strong bg-ground p-0.5 disabled:opacity-50"
    >
      {options.map((option) => (
        <label
          key={option.value}
          className="flex h-7 cursor-pointer items-center gap-1.5 rounded-sm px-2.5 text-sm text-ink-soft has-checked:bg-hover has-checked:text-ink has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input
            type="radio"
            name={label}
            className="sr-only"
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
