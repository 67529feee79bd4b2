/** Whether the server answers. While it does not, a small request asks again until it does. */
import { create } from "zustand";
import { api, call, onAnswer } from "@/shared/api/client";

interface ServerState {
  reachable: boolean;
  /** True once the server has asked for its token (VISDL_TOKEN). */
  needsToken: boolean;
}

export const useServer = create<ServerState>()(() => ({ reachable: true, needsToken: false }));

const RETRY_MS = 2000;
const UNAUTHORIZED = 401;

/** Watches every request; returns how to stop. */
export function watchServer(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const retry = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // Its outcome comes back through onAnswer.
      call(api.GET("/api/health")).catch(() => undefined);
    }, RETRY_MS);
  };
  const stop = onAnswer((status) => {
    const known = useServer.getState();
    const reachable = status !== 0;
    const needsToken = known.needsToken || status === UNAUTHORIZED;
    // Subscribers send requests: only changes may notify them.
    if (known.reachable !== reachable || known.needsToken !== needsToken)
      useServer.setState({ reachable, needsToken });
    if (!reachable) retry();
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** Sends the server its token, which it keeps in a cookie, and reloads. Raises ApiError for a wrong one. */
export async function signIn(token: string): Promise<void> {
  await call(api.POST("/api/session", { body: { token } }));
  globalThis.location.reload();
}
