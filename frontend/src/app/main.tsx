import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { attempt } from "@/state/attempt";
import { connect, invoke, queryClient } from "@/state/launcher";
import { startListening, untilListening } from "@/state/live";
import { bridgeTransport } from "@/transport/bridge";
import { httpTransport } from "@/transport/http";
import { enter } from "@/transport/session";
import { language } from "@/words";

import { Away } from "./connection";
import { Entrance } from "./entrance";
import { FaultOfPage, Faults } from "./faults";
import { SignIn } from "./sign-in";
import "./theme.css";

const root = createRoot(document.getElementById("root") as HTMLElement);

async function start(): Promise<void> {
  document.documentElement.lang = language;
  const door = await enter();
  if (door === null) {
    root.render(<SignIn />);
    return;
  }
  connect(door === "window" ? await bridgeTransport() : httpTransport);
  startListening();
  await untilListening();
  root.render(
    <StrictMode>
      <Faults shows={FaultOfPage}>
        <QueryClientProvider client={queryClient}>
          <Entrance />
        </QueryClientProvider>
      </Faults>
    </StrictMode>,
  );
  if (door === "window") void attempt(invoke("window.ready", {}));
}

start().catch(() => root.render(<Away />));
