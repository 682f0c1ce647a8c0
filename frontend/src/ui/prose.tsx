/** A sentence in which `something to type` stands out. */
export function Prose({ children }: { readonly children: string }) {
  return children.split("`").map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <code key={index} className="rounded-sm bg-hover px-1 py-px font-mono text-[0.92em]">
        {part}
      </code>
    ),
  );
}
