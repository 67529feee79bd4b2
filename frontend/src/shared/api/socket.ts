/** A WebSocket that reconnects automatically. Knows no React. */

export type SocketState = "connecting" | "open" | "closed";

interface SocketOptions {
  /** Path and query; called at each connection, so that it can state where to continue. */
  path: () => string;
  onMessage: (data: string) => void;
  onState: (state: SocketState) => void;
}

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 4000;

/** Connects, and reconnects after each loss, waiting longer each time up to about 5 s; returns how to close it. */
export function openSocket({ path, onMessage, onState }: SocketOptions): () => void {
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let delay = FIRST_DELAY_MS;
  let ended = false;

  const connect = (): void => {
    onState("connecting");
    const origin = globalThis.location.origin.replace(/^http/, "ws");
    const current = new WebSocket(`${origin}${path()}`);
    socket = current;
    current.onopen = () => {
      delay = FIRST_DELAY_MS;
      onState("open");
    };
    current.onmessage = (event: MessageEvent<string>) => onMessage(event.data);
    current.onclose = () => {
      if (ended || socket !== current) return;
      onState("closed");
      // Up to a quarter more, so that many pages do not reconnect at the same moment.
      timer = setTimeout(connect, delay * (1 + Math.random() / 4));
      delay = Math.min(delay * 2, MAX_DELAY_MS);
    };
  };

  connect();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket?.close();
  };
}
