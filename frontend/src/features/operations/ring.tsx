import { classes } from "@/ui/classes";

interface RingProps {
  /** 0..1; null while nobody can say how far it is. */
  readonly fraction: number | null;
  readonly className?: string;
}

const RADIUS = 8;
const ROUND = 2 * Math.PI * RADIUS;

/** How far something is, where a bar has no room. The words stand beside it. */
export function Ring({ fraction, className }: RingProps) {
  const drawn = fraction ?? 0.25;
  return (
    <svg
      aria-hidden
      viewBox="0 0 20 20"
      className={classes("size-5 shrink-0 -rotate-90", fraction === null && "animate-spin", className)}
    >
      <circle cx="10" cy="10" r={RADIUS} fill="none" strokeWidth="2.5" className="stroke-hover" />
      <circle
        cx="10"
        cy="10"
        r={RADIUS}
        fill="none"
        strokeWidth="2.5"
        strokeLinecap="round"
        strokeDasharray={ROUND}
        strokeDashoffset={ROUND * (1 - drawn)}
        className="stroke-accent transition-[stroke-dashoffset] duration-300"
      />
    </svg>
  );
}
