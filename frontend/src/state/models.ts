/** Folders of models that versions read where they lie. */

import { attempt } from "./attempt";
import { invoke } from "./launcher";

/** Lets every version read these folders; says of each that has no models why not. */
export async function adoptModels(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    // One after the other: each answer is the list that the next one adds to.
    // oxlint-disable-next-line no-await-in-loop
    await attempt(invoke("models.use", { path }));
  }
}
