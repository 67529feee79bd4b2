/** Whether the server answers this page. While it does not, a small request asks again until it does. */
import { create } from "zustand";
import { ApiError, api, call, onAnswer } from "@/shared/api/client";
import { readSession, startSession } from "@/shared/api/session";
import { useSystem } from "./system";

export interface ServerState {
  reachable: boolean;
  /** True while the server asks for its token (VISDL_TOKEN): before signing in, and after a session has ended. */
  needsToken: boolean;
  /** True while this browser has a session that it can end. */
  hasSession: boolean;
}

export const useServer = create<ServerState>()(() => ({
  reachable: true,
  needsToken: false,
  hasSession: false,
}));

/** Whether requests are answered: the server is there, and this page may use it. */
export const isAvailable = ({ reachable, needsToken }: ServerState): boolean => reachable && !needsToken;

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

/** Asks for the session when the socket opens, and when it closes: a session that ends closes it. */
export function watchSession(): () => void {
  return useSystem.subscribe(({ socket }, before) => {
    const changed = socket !== before.socket && socket !== "connecting";
    if (changed && (socket === "open" || useServer.getState().reachable)) void checkSession();
  });
}

async function checkSession(): Promise<void> {
  try {
    const { required, signed_in, expires } = await readSession();
    useServer.setState({ needsToken: required && !signed_in, hasSession: expires !== null });
  } catch {
    // The server does not answer, which watchServer notices.
  }
}

/** Signs in with the server's token; returns null, or a sentence that states why that failed. */
export async function signIn(token: string): Promise<string | null> {
  try {
    await startSession(token);
  } catch (error) {
    if (error instanceof ApiError) return `${error.message} ${error.hint}`.trim();
    throw error;
  }
  useServer.setState({ needsToken: false, hasSession: true });
  return null;
}
