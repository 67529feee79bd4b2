import { describe, expect, test } from "vitest";
import {
  backupSentence,
  checkpointConsequence,
  confirmation,
  freedBytes,
  isLow,
  segments,
  usedBytes,
} from "@/features/storage/model/storage";
import type { CleanReport, StorageReport } from "@/shared/api/types";

const GIB = 1024 ** 3;
const report: StorageReport = {
  folder: "/data",
  disk_free: 50 * GIB,
  disk_total: 100 * GIB,
  kinds: [
    { kind: "database", bytes: 25, files: 3 },
    { kind: "checkpoints", bytes: 75, files: 6 },
  ],
  runs: [],
  run_count: 2,
  keep_checkpoint_days: 0,
  backups: { keep: 3, count: 2, bytes: 3 * 1024 ** 2, newest: Date.now() / 1000 - 7200, problem: null },
};
const plan: CleanReport = {
  dry_run: true,
  checkpoint_bytes: 100,
  leftover_bytes: 20,
  database_bytes: 3,
  runs: [{ id: "a", name: "A", checkpoints: 2, bytes: 100 }],
  leftovers: [{ path: "uploads/x", bytes: 20 }],
  problems: [],
};
const all = { checkpoints: true, leftovers: true, database: true, days: 30 };

test("every kind has its share of the bar, also one that the server did not name", () => {
  expect(usedBytes(report)).toBe(100);
  expect(segments(report).map(({ kind, share }) => [kind, share])).toEqual([
    ["checkpoints", 0.75],
    ["artifacts", 0],
    ["datasets", 0],
    ["database", 0.25],
    ["backups", 0],
    ["leftovers", 0],
    ["other", 0],
  ]);
  expect(segments({ ...report, kinds: [] }).every(({ share }) => share === 0)).toBe(true);
});

test.each([
  [1.9 * GIB, 4 * GIB, true],
  [2.1 * GIB, 4 * GIB, false],
  [49 * GIB, 1000 * GIB, true],
  [51 * GIB, 1000 * GIB, false],
  [0, 0, true],
])("%d bytes free of %d are few: %s", (disk_free, disk_total, low) => {
  expect(isLow({ disk_free, disk_total })).toBe(low);
});

test("the backups are stated: when, how many, how large, how many are kept", () => {
  const made = backupSentence(report.backups);
  expect(made).toMatch(/^The database was last backed up .* \(2 backups, 3 MiB\)\./);
  expect(made).toContain("the newest 3 are kept (VISDL_BACKUPS)");
  const none = backupSentence({ keep: 0, count: 0, bytes: 0, newest: null, problem: null });
  expect(none).toBe("The database has no backup yet. Daily backups are off (VISDL_BACKUPS).");
});

test("only what is chosen is added up", () => {
  expect(freedBytes(plan, all)).toBe(123);
  expect(freedBytes(plan, { ...all, checkpoints: false })).toBe(23);
  expect(freedBytes(plan, { checkpoints: false, leftovers: false, database: false })).toBe(0);
});

describe("the consequence is stated", () => {
  const run = (name: string) => ({ id: name, name, checkpoints: 2, bytes: 1 });

  test("of one run, of some, of many", () => {
    expect(checkpointConsequence([])).toBe("No checkpoints that old can be deleted.");
    expect(checkpointConsequence([run("A")])).toContain("2 checkpoints of “A”. Training it for more epochs");
    expect(checkpointConsequence([run("A"), run("B")])).toContain(
      "4 checkpoints of “A” and “B”. Training them",
    );
    const many = Array.from({ length: 1203 }, (_, index) => run(`R${index}`));
    expect(checkpointConsequence(many)).toContain("of “R0”, “R1”, “R2” and 1,200 more.");
  });

  test("before it is done", () => {
    expect(confirmation(plan, all)).toBe("This permanently removes the checkpoints of 1 run and 1 leftover.");
    expect(confirmation(plan, { ...all, checkpoints: false })).toBe("This permanently removes 1 leftover.");
    expect(confirmation(plan, { ...all, checkpoints: false, leftovers: false })).toContain("database");
  });
});
