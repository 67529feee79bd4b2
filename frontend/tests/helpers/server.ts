/** The edge of the page: what it sends is answered here. A request that no test expects fails that test. */
import { setupServer } from "msw/node";
import { toast } from "sonner";
import { afterAll, afterEach, beforeAll } from "vitest";

export const server = setupServer();

/** Answers requests by the handlers that a test gives to `server.use`. */
export function startServerDouble(): void {
  beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
  afterEach(() => {
    server.resetHandlers();
    toast.dismiss();
  });
  afterAll(() => server.close());
}

/** A door that answers wait at until it is opened. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** The texts of the toasts on the page. */
export function toasts(): string[] {
  return toast.getToasts().map((shown) => ("title" in shown ? String(shown.title) : ""));
}
