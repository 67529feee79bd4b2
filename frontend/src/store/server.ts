/** Whether the server answers. While it does not, a small request asks again until it does. */
import { create } from "zustand";
import { api, call, onReachable } from "@/api/client";

export const useServer = create<{ reachable: boolean }>()(() => ({ reachable: true }));

const RETRY_MS = 2000;

/** Watches every request; returns how to end that. */
export function watchServer(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const retry = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // Its outcome comes back through onReachable.
      call(api.GET("/api/health")).catch(() => undefined);
    }, RETRY_MS);
  };
  const stop = onReachable((reachable) => {
    if (useServer.getState().reachable !== reachable) useServer.setState({ reachable });
    if (!reachable) retry();
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}
