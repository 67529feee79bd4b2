import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import type { ReactElement, ReactNode } from "react";
import { TipLayer } from "@/shared/ui/Tooltip";

/** Renders a part of the page with what the whole page gives it, and somebody to use it. */
export function renderPart(part: ReactElement): { user: UserEvent } {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>
      {children}
      <TipLayer />
    </QueryClientProvider>
  );
  render(part, { wrapper });
  return { user: userEvent.setup() };
}
