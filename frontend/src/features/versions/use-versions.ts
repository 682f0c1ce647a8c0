/** The installed versions with everything that this area needs to know beside them. */

import { useMemo } from "react";

import { useAnswer } from "@/state/launcher";
import { useOperations } from "@/state/operations";
import type { VersionStatus } from "@/transport/contract.generated";

import { mainVersion, type Standing, standingOf } from "./standing";

/** The version that Home, the rail and the keyboard are about; undefined while there is none. */
export function useMainVersion(): VersionStatus | undefined {
  const { data } = useAnswer("versions.list", {});
  return data ? mainVersion(data.versions, data.default) : undefined;
}

export function useStanding(version: VersionStatus): Standing {
  const operations = useOperations();
  return useMemo(() => standingOf(version, operations), [version, operations]);
}
