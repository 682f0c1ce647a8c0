/** The launcher as React sees it: questions with remembered answers, and changes. */

import {
  type Query,
  QueryClient,
  type QueryFilters,
  useMutation,
  type UseMutationResult,
  useQuery,
  type UseQueryResult,
} from "@tanstack/react-query";

import type { EndpointName, RequestOf, ResultOf } from "@/transport/contract.generated";
import { LauncherError, type Transport, UNREACHABLE } from "@/transport/transport";

let transport: Transport | null = null;

/** Called once, before anything is drawn. */
export function connect(to: Transport): void {
  transport = to;
}

function launcher(): Transport {
  if (!transport) throw new Error("connect() comes first");
  return transport;
}

/** Whether this page is in the launcher's own window, with its dialogs. */
export function inWindow(): boolean {
  return launcher().door === "window";
}

/** The answer of an endpoint. Rejects with a `LauncherError`; for people, see `attempt`. */
export function invoke<Name extends EndpointName>(
  name: Name,
  request: RequestOf<Name>,
): Promise<ResultOf<Name>> {
  return launcher().invoke(name, request);
}

// Events say when something changed (state/live.ts); nothing is asked again on a whim.
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      networkMode: "always",
      retry: (count, error) =>
        error instanceof LauncherError && error.code === UNREACHABLE && count < 3,
    },
    mutations: { networkMode: "always" },
  },
});

/** What other programs change and no event tells: asked again whenever it comes into sight. */
export const CHANGED_BY_OTHERS = ["models.folders", "system.info"] as const;

for (const name of CHANGED_BY_OTHERS) {
  queryClient.setQueryDefaults([name], { refetchOnMount: "always" });
}

/** What an endpoint answered last; asked when first needed and whenever events say so. */
export function useAnswer<Name extends EndpointName>(
  name: Name,
  request: RequestOf<Name>,
  options: { readonly enabled?: boolean; readonly refetchOnMount?: "always" } = {},
): UseQueryResult<ResultOf<Name>, LauncherError> {
  return useQuery<ResultOf<Name>, LauncherError>({
    queryKey: [name, request],
    queryFn: () => invoke(name, request),
    ...options,
  });
}

/** A change that a person makes. What it changes is read again when the event about it arrives. */
export function useChange<Name extends EndpointName>(
  name: Name,
): UseMutationResult<ResultOf<Name>, LauncherError, RequestOf<Name>> {
  return useMutation<ResultOf<Name>, LauncherError, RequestOf<Name>>({
    mutationFn: (request) => invoke(name, request),
  });
}

/** Puts an answer that we have been told into its place, as if it had been asked for. */
export function remember<Name extends EndpointName>(
  name: Name,
  request: RequestOf<Name>,
  change: (now: ResultOf<Name> | undefined) => ResultOf<Name> | undefined,
): void {
  queryClient.setQueryData<ResultOf<Name>>([name, request], change);
}

/** Reads these again, wherever they are shown. */
export function refresh(...names: readonly EndpointName[]): void {
  for (const name of names) renew({ queryKey: [name] });
}

/** Reads everything that is shown again. */
export function refreshAll(): void {
  renew({});
}

function renew(which: QueryFilters): void {
  // A first answer that is on its way may be older than what we were told: it is not enough.
  const early = queryClient.getQueryCache().findAll({ ...which, predicate: isFirstAsked });
  void queryClient.invalidateQueries(which);
  for (const query of early) void askAgain(query);
}

const isFirstAsked = ({ state }: Query) => state.data === undefined && state.fetchStatus === "fetching";

const toBeAskedAgain = new WeakSet<Query>();

async function askAgain(query: Query): Promise<void> {
  if (toBeAskedAgain.has(query)) return;
  toBeAskedAgain.add(query);
  await query.promise?.catch(() => {}); // a refusal is shown by whoever asked
  toBeAskedAgain.delete(query);
  void queryClient.invalidateQueries({ queryKey: query.queryKey, exact: true });
}
