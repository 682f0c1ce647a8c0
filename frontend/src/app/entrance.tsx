import { useLive } from "@/state/live";

import { App } from "./app";
import { SignIn } from "./sign-in";

/** The app, or the question for a code when our session has ended with the launcher that knew it. */
export function Entrance() {
  const refused = useLive((live) => live.connection === "refused");
  return refused ? <SignIn /> : <App />;
}
