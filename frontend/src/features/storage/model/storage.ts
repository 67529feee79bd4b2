/** Words and figures about the data folder. */
import type { CleanReport, StorageKind, StorageReport } from "@/shared/api/types";
import { formatInt, plural } from "@/shared/lib/format";

/** What a clean-up can be asked to do. */
export interface Cleaning {
  checkpoints: boolean;
  days: number;
  leftovers: boolean;
  database: boolean;
}

/** How each kind is called and drawn, in the order of the bar. */
const KINDS: readonly { kind: StorageKind; label: string; about: string; colour: string }[] = [
  {
    kind: "checkpoints",
    label: "Checkpoints",
    about: "What a run goes on from",
    colour: "var(--accent)",
  },
  {
    kind: "artifacts",
    label: "Weights and reports",
    about: "What runs have made",
    colour: "var(--wire-result)",
  },
  { kind: "datasets", label: "Datasets", about: "Imported tables", colour: "var(--wire-dataset)" },
  {
    kind: "database",
    label: "Database",
    about: "Graphs, runs, curves and logs",
    colour: "var(--wire-optimizer)",
  },
  {
    kind: "leftovers",
    label: "Leftovers",
    about: "What no run and no dataset has any more",
    colour: "var(--wire-layer)",
  },
  {
    kind: "other",
    label: "Other files",
    about: "The server's log and the like",
    colour: "var(--line-strong)",
  },
];

export interface Segment {
  kind: StorageKind;
  label: string;
  about: string;
  colour: string;
  bytes: number;
  files: number;
  /** Of all that lies there, from 0 to 1. */
  share: number;
}

export function usedBytes(report: StorageReport): number {
  return report.kinds.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Every kind with its share, in the order of the bar. */
export function segments(report: StorageReport): Segment[] {
  const used = usedBytes(report);
  return KINDS.map((kind) => {
    const { bytes = 0, files = 0 } = report.kinds.find((one) => one.kind === kind.kind) ?? {};
    return { ...kind, bytes, files, share: used > 0 ? bytes / used : 0 };
  });
}

const LEAST_BYTES = 2 * 1024 ** 3;
const LEAST_SHARE = 0.05;

/** Whether a disk is about to be full: less than 2 GiB or 5 % are free. */
export function isLow(disk: { disk_free: number; disk_total: number }): boolean {
  return disk.disk_free < LEAST_BYTES || disk.disk_free < LEAST_SHARE * disk.disk_total;
}

/** What is freed of that which is asked for. */
export function freedBytes(report: CleanReport, wanted: Omit<Cleaning, "days">): number {
  return (
    (wanted.checkpoints ? report.checkpoint_bytes : 0) +
    (wanted.leftovers ? report.leftover_bytes : 0) +
    (wanted.database ? report.database_bytes : 0)
  );
}

/** What cannot be undone of a clean-up, in a sentence. */
export function confirmation(report: CleanReport, wanted: Cleaning): string {
  const losing = wanted.checkpoints ? report.runs.length : 0;
  const leftovers = wanted.leftovers ? report.leftovers.length : 0;
  const going = [
    losing > 0 && `the checkpoints of ${plural(losing, "run")}`,
    leftovers > 0 && plural(leftovers, "leftover"),
  ].filter(Boolean);
  return going.length > 0
    ? `This removes ${going.join(" and ")} for good.`
    : "The database is copied without its empty room.";
}

const NAMED = 3;

/** "“A”, “B” and 7 more": who loses something. */
function namesOf(runs: readonly { name: string }[]): string {
  const names = runs.slice(0, NAMED).map(({ name }) => `“${name}”`);
  const more = runs.length - names.length;
  if (more > 0) return `${names.join(", ")} and ${formatInt(more)} more`;
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names.join("");
}

/** What it means for runs to lose their checkpoints, as sentences. */
export function checkpointConsequence(runs: CleanReport["runs"]): string {
  if (runs.length === 0) return "No run has checkpoints that old which may go.";
  const count = runs.reduce((sum, { checkpoints }) => sum + checkpoints, 0);
  const who = runs.length === 1 ? "it" : "them";
  return `${plural(count, "checkpoint")} of ${namesOf(runs)}. To train ${who} for more epochs is no longer possible; weights, reports, curves and logs stay. A run that failed has no weights but those in its checkpoints.`;
}
