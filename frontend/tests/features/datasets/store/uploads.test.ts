import { beforeEach, expect, test, vi } from "vitest";
import { uploadFile, useUploads } from "@/features/datasets/store/uploads";
import { startServerDouble, toasts } from "../../../helpers/server";

startServerDouble();

/** A request whose course the test decides. */
class RequestDouble implements Pick<XMLHttpRequest, "open" | "send" | "abort"> {
  static last = new RequestDouble();
  readonly upload: { onprogress?: (event: object) => void } = {};
  onload = (): void => undefined;
  onerror = (): void => undefined;
  onabort = (): void => undefined;
  status = 0;
  response: unknown = null;
  sent: FormData | null = null;

  open(): void {
    RequestDouble.last = this;
  }
  send(body?: unknown): void {
    this.sent = body as FormData;
  }
  abort(): void {
    this.onabort();
  }
  progress(loaded: number, total: number): void {
    this.upload.onprogress?.({ lengthComputable: true, loaded, total });
  }
  answer(status: number, response: unknown): void {
    Object.assign(this, { status, response });
    this.onload();
  }
}

beforeEach(() => {
  vi.stubGlobal("XMLHttpRequest", RequestDouble);
});

const table = new File(["x1,x2\n1,2\n"], "rows.csv");
const running = (): [name: string, share: number][] =>
  useUploads.getState().uploads.map(({ name, share }) => [name, share]);

test("a table is sent, its progress shown, and its record comes back", async () => {
  const upload = uploadFile(table);
  expect(running()).toEqual([["rows.csv", 0]]);
  expect(RequestDouble.last.sent?.get("file")).toMatchObject({ name: "rows.csv", size: table.size });
  RequestDouble.last.progress(5, 10);
  expect(running()).toEqual([["rows.csv", 0.5]]);
  RequestDouble.last.answer(201, { id: "d1" });
  expect(await upload).toEqual({ id: "d1" });
  expect(running()).toEqual([]);
});

test("two tables are on their way at once, each with its own progress", async () => {
  const first = uploadFile(table);
  const { last } = RequestDouble;
  const second = uploadFile(new File(["y\n1\n"], "more.csv"));
  last.progress(1, 4);
  expect(running()).toEqual([
    ["rows.csv", 0.25],
    ["more.csv", 0],
  ]);
  for (const request of [last, RequestDouble.last]) request.answer(201, {});
  await Promise.all([first, second]);
});

test("a rejected upload reports why", async () => {
  const upload = uploadFile(table);
  const error = { code: "too_large", message: "rows.csv is larger than 500 MB.", hint: "Send a part of it." };
  RequestDouble.last.answer(413, { error });
  expect(await upload).toBeNull();
  expect([toasts(), running()]).toEqual([["rows.csv is larger than 500 MB."], []]);
});

test("an interrupted upload reports it", async () => {
  const upload = uploadFile(table);
  RequestDouble.last.onerror();
  expect(await upload).toBeNull();
  expect(toasts()).toEqual(["rows.csv: The upload was interrupted."]);
});

test("one that is cancelled is gone without a word", async () => {
  const upload = uploadFile(table);
  useUploads.getState().uploads[0]?.cancel();
  expect(await upload).toBeNull();
  expect([toasts(), running()]).toEqual([[], []]);
});
