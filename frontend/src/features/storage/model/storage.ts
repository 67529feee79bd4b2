/** Labels and figures about the data folder. */
import type { CleanReport, StorageKind, StorageReport } from "@/shared/api/types";
import { formatAgo, formatBytes, formatInt, plural } from "@/shared/lib/format";

/** What a clean-up can do. */
export interface Cleaning {
  checkpoints: boolean;
  days: number;
  leftovers: boolean;
  database: boolean;
}

/** The label and colour of each kind, in the order of the bar. */
const KINDS: readonly { kind: StorageKind; label: string; about: string; colour: string }[] = [
  {
    kind: "checkpoints",
    label: "Checkpoints",
    about: "To resume and extend runs",
    colour: "var(--accent)",
  },
  {
    kind: "artifacts",
    label: "Weights and reports",
    about: "Files that runs produced",
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
    kind: "backups",
    label: "Backups",
    about: "Daily copies of the database",
    colour: "var(--wire-loss)",
  },
  {
    kind: "leftovers",
    label: "Leftovers",
    about: "Files that belong to no run or dataset",
    colour: "var(--wire-layer)",
  },
  {
    kind: "other",
    label: "Other files",
    about: "The server's log and similar files",
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
  /** Share of the data folder, from 0 to 1. */
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

/** When the database was last backed up, and how many backups there are. */
export function backupSentence({ keep, count, bytes, newest }: StorageReport["backups"]): string {
  const made =
    newest === null
      ? "The database has no backup yet."
      : `The database was last backed up ${formatAgo(newest)} (${plural(count, "backup")}, ${formatBytes(bytes)}).`;
  return keep === 0
    ? `${made} Daily backups are off (VISDL_BACKUPS).`
    : `${made} A backup is made daily; the newest ${formatInt(keep)} are kept (VISDL_BACKUPS).`;
}

const LEAST_BYTES = 2 * 1024 ** 3;
const LEAST_SHARE = 0.05;

/** Whether a disk is nearly full: less than 2 GiB or 5 % are free. */
export function isLow(disk: { disk_free: number; disk_total: number }): boolean {
  return disk.disk_free < LEAST_BYTES || disk.disk_free < LEAST_SHARE * disk.disk_total;
}

/** How many bytes the selected clean-up frees. */
export function freedBytes(report: CleanReport, cleaning: Omit<Cleaning, "days">): number {
  return (
    (cleaning.checkpoints ? report.checkpoint_bytes : 0) +
    (cleaning.leftovers ? report.leftover_bytes : 0) +
    (cleaning.database ? report.database_bytes : 0)
  );
}

/** What a clean-up deletes permanently, as a sentence. */
export function confirmation(report: CleanReport, cleaning: Cleaning): string {
  const losing = cleaning.checkpoints ? report.runs.length : 0;
  const leftovers = cleaning.leftovers ? report.leftovers.length : 0;
  const going = [
    losing > 0 && `the checkpoints of ${plural(losing, "run")}`,
    leftovers > 0 && plural(leftovers, "leftover"),
  ].filter(Boolean);
  return going.length > 0
    ? `This permanently removes ${going.join(" and ")}.`
    : "The database is copied without its free space.";
}

const NAMED = 3;

/** "“A”, “B” and 7 more": the runs that lose something. */
function namesOf(runs: readonly { name: string }[]): string {
  const names = runs.slice(0, NAMED).map(({ name }) => `“${name}”`);
  const more = runs.length - names.length;
  if (more > 0) return `${names.join(", ")} and ${formatInt(more)} more`;
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names.join("");
}

/** What losing their checkpoints means for runs, as sentences. */
export function checkpointConsequence(runs: CleanReport["runs"]): string {
  if (runs.length === 0) return "No checkpoints that old can be deleted.";
  const count = runs.reduce((sum, { checkpoints }) => sum + checkpoints, 0);
  const who = runs.length === 1 ? "it" : "them";
  return `${plural(count, "checkpoint")} of ${namesOf(runs)}. Training ${who} for more epochs is then no longer possible; weights, reports, curves and logs are kept. The only weights of a failed run are those in its checkpoints.`;
}
