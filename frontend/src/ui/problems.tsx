import type { StateProblem } from "@/transport/contract.generated";
import { t } from "@/words";

import { sentence } from "./format";
import { Notice } from "./notice";
import { PathValue } from "./path-value";

interface ProblemNoticeProps {
  readonly problems: readonly StateProblem[];
  readonly title?: string;
  /** What follows where nothing could be made good. */
  readonly missing: string;
}

/** Records that could not be read as they should: said once, with what became of them. */
export function ProblemNotice({ problems, title, missing }: ProblemNoticeProps) {
  if (problems.length === 0) return null;
  return (
    <Notice>
      {title && <p className="mb-1 font-semibold">{title}</p>}
      <ul className="flex min-w-0 flex-col gap-2">
        {problems.map(({ path, reason, recovered }) => (
          <li key={path}>
            <p>
              {sentence(reason)} {recovered ? t("It was made good from what is on the disk.") : missing}
            </p>
            <PathValue path={path} file />
          </li>
        ))}
      </ul>
    </Notice>
  );
}
