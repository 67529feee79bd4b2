/** Minimal: the runs' owner replaces this file. */
import { create } from "zustand";

export interface NodeRun { status: "queued" | "running" | "done" | "failed"; message?: string }

export const useRuns = create<{ activeRunId: string | null; nodes: Record<string, NodeRun> }>()(() => ({
  activeRunId: null,
  nodes: {},
}));
export async function startRun(): Promise<void> {}
export async function pauseRun(): Promise<void> {}
export async function resumeRun(): Promise<void> {}
export async function stopRun(): Promise<void> {}
