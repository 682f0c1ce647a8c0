import type { StateProblem } from "@/transport/contract.generated";
import { Notice } from "@/ui/notice";
import { Code } from "@/ui/surfaces";
import { t } from "@/words";

/** Records that could not be read as they should: said once, with what became of them. */
export function StateProblems({ problems }: { readonly problems: readonly StateProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <Notice urgent>
      <ul className="flex min-w-0 flex-col gap-2">
        {problems.map(({ path, reason, recovered }) => (
          <li key={path}>
            <p>
              {reason} {recovered ? t("It was made good from what is on the disk.") : t("What it told is missing from this page.")}
            </p>
            <Code>{path}</Code>
          </li>
        ))}
      </ul>
    </Notice>
  );
}
