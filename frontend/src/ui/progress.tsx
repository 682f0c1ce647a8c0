interface ProgressProps {
  readonly label: string;
  /** 0..1; null while nobody can say how far it is. */
  readonly fraction: number | null;
}

export function Progress({ label, fraction }: ProgressProps) {
  const known = fraction !== null;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(known ? { "aria-valuenow": Math.round(fraction * 100) } : {})}
      className="h-1.5 w-full overflow-hidden rounded-full bg-hover"
    >
      {known ? (
        <div
          className="h-full rounded-full bg-accent transition-[width] duration-300"
          style={{ width: `${fraction * 100}%` }}
        />
      ) : (
        <div className="animate-travel h-full w-2/5 rounded-full bg-accent" />
      )}
    </div>
  );
}
