/** The machine's load, as the server reports it every second. */
import { create } from "zustand";
import { openSocket, type SocketState } from "@/shared/api/socket";
import type { SystemStats } from "@/shared/api/types";

export const useSystem = create<{ stats: SystemStats | null; socket: SocketState }>()(() => ({
  stats: null,
  socket: "connecting",
}));

export function followSystem(): () => void {
  return openSocket({
    path: () => "/ws/system",
    onState: (socket) => useSystem.setState({ socket }),
    onMessage: (data) => useSystem.setState({ stats: JSON.parse(data) as SystemStats }),
  });
}
