/** A part of the page on the screen, beside a launcher that answers as the test says. */

import { QueryClientProvider } from "@tanstack/react-query";
import { render, type RenderResult } from "@testing-library/react";
import type { ReactElement } from "react";
import { Toaster } from "sonner";

import { connect, queryClient } from "@/state/launcher";
import { TooltipProvider } from "@/ui/tooltip";

import type { FakeTransport } from "./fake-transport";

export function shown(part: ReactElement, launcher: FakeTransport): RenderResult {
  queryClient.clear();
  connect(launcher);
  return render(
    <QueryClientProvider client={queryClient}>
      <TooltipProvider>
        {part}
        <Toaster />
      </TooltipProvider>
    </QueryClientProvider>,
  );
}
