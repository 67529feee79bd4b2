import { api, call } from "./client";
import type { SessionInfo } from "./types";

export async function readSession(): Promise<SessionInfo> {
  return await call(api.GET("/api/session"));
}

/** Exchange the token for a session, whose cookie no script can read. Raises ApiError for a wrong one. */
export async function startSession(token: string): Promise<void> {
  await call(api.POST("/api/session", { body: { token } }));
}

export async function endSession(): Promise<void> {
  await call(api.DELETE("/api/session"));
}
