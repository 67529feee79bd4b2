import { screen } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { toast } from "sonner";
import { beforeEach, expect, test } from "vitest";
import { useRuns } from "@/features/runs/store/runs";
import { StorageDialog } from "@/features/storage/ui/StorageDialog";
import type { CleanReport, CleanRequest, StorageReport } from "@/shared/api/types";
import { useUi } from "@/shared/store/ui";
import { renderPart } from "../../../helpers/render";
import { RunServer } from "../../../helpers/runServer";
import { server, startServerDouble, toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();
const MIB = 1024 ** 2;
const report: StorageReport = {
  folder: "/home/me/visdl/data",
  disk_free: 50 * 1024 * MIB,
  disk_total: 100 * 1024 * MIB,
  kinds: [
    { kind: "checkpoints", bytes: 300 * MIB, files: 6 },
    { kind: "leftovers", bytes: 20 * MIB, files: 1 },
  ],
  runs: Array.from({ length: 7 }, (_, index) => ({
    id: `r${index}`,
    name: `Run ${index}`,
    state: "completed" as const,
    starred: index === 1,
    ended: 1000,
    bytes: 40 * MIB,
    checkpoint_bytes: 30 * MIB,
    shared_bytes: 0,
  })),
  run_count: 7,
  keep_checkpoint_days: 0,
  backups: {
    keep: 3,
    count: 1,
    bytes: 2 * 1024 ** 2,
    newest: 1,
    problem: "No backup was made: the disk is full.",
  },
};
let asked: CleanRequest[] = [];
let closed = 0;

/** What a clean-up gives: all checkpoints, unless only very old ones are to go. */
function answer(request: CleanRequest): CleanReport {
  const due = (request.checkpoint_days ?? 100) < 100;
  return {
    dry_run: request.dry_run,
    checkpoint_bytes: due ? 100 * MIB : 0,
    leftover_bytes: request.leftovers ? 20 * MIB : 0,
    database_bytes: request.database ? 4 * MIB : 0,
    runs: due ? [{ id: "r0", name: "Run 0", checkpoints: 2, bytes: 100 * MIB }] : [],
    leftovers: request.leftovers ? [{ path: "uploads/x", bytes: 20 * MIB }] : [],
    problems: [],
  };
}

beforeEach(() => {
  asked = [];
  closed = 0;
  freshPage();
  server.use(
    http.get("/api/storage", () => HttpResponse.json(report)),
    http.post("/api/storage/clean", async ({ request }) => {
      const body = (await request.json()) as CleanRequest;
      asked.push(body);
      return HttpResponse.json(answer(body));
    }),
  );
});

const show = () => renderPart(<StorageDialog onClose={() => closed++} />);
const box = (name: string) => screen.findByRole("checkbox", { name });
const button = (name: string | RegExp) => screen.findByRole("button", { name });

test("the last backup and why the next one could not be made are shown", async () => {
  show();
  expect(await screen.findByText(/^The database was last backed up .*1 backup, 2 MiB/)).toBeVisible();
  expect(screen.getByText("No backup was made: the disk is full.")).toBeVisible();
});

test("checkpoints stay unless they are asked for, and nothing goes before it is confirmed", async () => {
  const { user } = show();
  expect(await box("Old checkpoints")).not.toBeChecked();
  await user.click(await button("Free 24 MiB…"));
  expect(screen.getByRole("alert")).toHaveTextContent("This permanently removes 1 leftover.");
  await user.click(await button("Cancel"));
  expect(asked.every(({ dry_run }) => dry_run)).toBe(true);
  await user.click(await box("Old checkpoints"));
  await user.click(await box("Free space in the database"));
  await user.click(await button("Free 120 MiB…"));
  expect(screen.getByRole("alert")).toHaveTextContent("the checkpoints of 1 run and 1 leftover");
  await user.click(await button("Free 120 MiB"));
  await expect.poll(toasts).toEqual(["Freed 120 MiB."]);
  expect(asked.filter(({ dry_run }) => !dry_run)).toEqual([
    { dry_run: false, checkpoint_days: 30, leftovers: true, database: false },
  ]);
  expect(closed).toBe(0);
});

test("the days decide which runs lose checkpoints", async () => {
  const { user } = show();
  expect(await screen.findByText(/2 checkpoints of “Run 0”/)).toBeVisible();
  const days = screen.getByRole("textbox", { name: "Days since the end of the run" });
  await user.clear(days);
  await user.type(days, "365{Enter}");
  expect(await screen.findByText("No checkpoints that old can be deleted.")).toBeVisible();
  expect(asked.at(-1)).toMatchObject({ dry_run: true, checkpoint_days: 365 });
});

test("a large run is shown by a click, and the others are there on demand", async () => {
  const runs = new RunServer();
  runs.add("r5", { name: "Run 5", state: "completed" });
  server.use(...runs.handlers);
  const { user } = show();
  await button("Run 4");
  expect(screen.queryByText("Run 5")).toBeNull();
  await user.click(await button("Show 2 more"));
  await user.click(await button("Run 5"));
  await expect.poll(() => useRuns.getState().activeRunId).toBe("r5");
  expect(useUi.getState()).toMatchObject({ drawerOpen: true, drawerTab: "training", dialog: null });
});

test("what could not be removed is reported beside what was freed", async () => {
  server.use(
    http.post("/api/storage/clean", async ({ request }) => {
      const body = (await request.json()) as CleanRequest;
      return HttpResponse.json({ ...answer(body), problems: ["The database was not compacted: no room."] });
    }),
  );
  const { user } = show();
  await user.click(await button("Free 24 MiB…"));
  await user.click(await button("Free 24 MiB"));
  await expect.poll(toasts).toEqual(["Freed 24 MiB."]);
  expect(toast.getToasts()).toMatchObject([
    { type: "warning", description: "The database was not compacted: no room." },
  ]);
});

test("with nothing to free there is nothing to press", async () => {
  server.use(
    http.get("/api/storage", () => HttpResponse.json({ ...report, kinds: [], runs: [], run_count: 0 })),
    http.post("/api/storage/clean", () =>
      HttpResponse.json(answer({ dry_run: true, checkpoint_days: null, leftovers: false, database: false })),
    ),
  );
  show();
  expect(await button("Nothing to free")).toBeDisabled();
  expect(screen.getByText("No run takes space yet")).toBeVisible();
});

test("a folder that could not be measured can be measured again", async () => {
  server.use(http.get("/api/storage", () => HttpResponse.error()));
  const { user } = show();
  const again = await button("Measure again");
  server.use(http.get("/api/storage", () => HttpResponse.json(report)));
  await user.click(again);
  expect(await screen.findByText("320 MiB")).toBeVisible();
});
