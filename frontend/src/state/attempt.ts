/** What a person asked for and the launcher refused is said in a toast, wherever it was asked. */

import { toast } from "sonner";

import { LauncherError } from "@/transport/transport";

/** The answer; null after a refusal, which the user has been told of. */
export async function attempt<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof LauncherError)) throw error;
    // Its words are its name: the same refusal again does not pile up.
    toast.error(error.message, { id: `refused ${error.message}`, description: error.hint });
    return null;
  }
}
