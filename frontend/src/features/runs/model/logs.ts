/** Events of a run as lines of a log. */
import type { RunEvent } from "@/shared/api/types";
import { formatBytes, formatDuration } from "@/shared/lib/format";
import { stateLabel } from "@/shared/lib/runStates";

export type LogLevel = "info" | "warning" | "error";

export interface LogLine {
  seq: number;
  time: number;
  level: LogLevel;
  text: string;
  node: string | null;
}

/** One line per event that reports something; `label` gives a node's name. */
export function logLines(events: readonly RunEvent[], label: (node: string) => string): LogLine[] {
  return events.flatMap((event) => {
    const line = describe(event, label);
    return line ? [{ seq: event.seq, time: event.time, level: "info", node: null, ...line }] : [];
  });
}

type LogText = Partial<LogLine> & { text: string };

function describe(event: RunEvent, label: (node: string) => string): LogText | null {
  switch (event.type) {
    case "log":
      return { level: event.level, text: event.message, node: event.node };
    case "state":
      if (!event.error) return { text: stateLabel(event.state) };
      return {
        level: "error",
        text: `${stateLabel(event.state)}: ${event.error.message} ${event.error.hint}`.trim(),
        node: event.error.node,
      };
    case "node":
      if (event.status === "started") return null;
      return event.status === "failed"
        ? { level: "error", text: `${label(event.node)} failed. ${event.message}`.trim(), node: event.node }
        : { text: `${label(event.node)} done in ${formatDuration(event.seconds)}`, node: event.node };
    case "checkpoint":
      return { text: `Checkpoint ${event.name} (${event.reason}, epoch ${event.epoch}, step ${event.step})` };
    case "artifact":
      return { text: `Wrote ${event.name}, ${formatBytes(event.bytes)}` };
    default:
      return null;
  }
}

/** A line as it is copied. */
export function lineText({ time, level, text }: LogLine): string {
  return `${new Date(time * 1000).toISOString()} ${level.toUpperCase().padEnd(7)} ${text}`;
}
