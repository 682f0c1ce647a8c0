const NAMES: Readonly<Record<string, string>> = {
  mod: "Ctrl",
  enter: "Enter",
  escape: "Esc",
  space: "Space",
  up: "↑",
  down: "↓",
  delete: "Del",
};

/** A shortcut as keys: `mod+k`, or one after the other, `g h`. */
export function Keys({ of }: { readonly of: string }) {
  return (
    <span className="inline-flex items-center gap-1 text-ink-faint">
      {of.split(/[+ ]/).map((key, index) => (
        <kbd
          key={`${key}${index}`}
          className="inline-flex h-5 min-w-5 items-center justify-center rounded-sm border border-line-strong bg-surface px-1 font-sans text-xs text-ink-soft"
        >
          {NAMES[key] ?? key.toUpperCase()}
        </kbd>
      ))}
    </span>
  );
}
