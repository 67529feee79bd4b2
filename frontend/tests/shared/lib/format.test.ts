import { describe, expect, test } from "vitest";
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatInt,
  formatNumber,
  formatPercent,
  plural,
  uploadLabel,
} from "@/shared/lib/format";

test.each([
  [0, "0"],
  [1, "1"],
  [100, "100"],
  [0.5, "0.5"],
  [0.012345, "0.01235"],
  [12.3456, "12.35"],
  [1234.5, "1235"],
  [9999.96, "10,000"],
  [12345.6, "12,350"],
  [-12345.6, "-12,350"],
  [0.0001, "0.0001"],
  [0.0000012345, "1.234e-6"],
  [0.000001, "1e-6"],
  [12_345_678, "1.235e7"],
  [1e20, "1e20"],
  [Number.POSITIVE_INFINITY, "∞"],
  [Number.NEGATIVE_INFINITY, "−∞"],
  [Number.NaN, "–"],
  [null, "–"],
  [undefined, "–"],
])("the number %s is shown as %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test.each([
  [12480, "12,480"],
  [1.6, "2"],
  [null, "–"],
])("the whole number %s is shown as %s", (value, text) => {
  expect(formatInt(value)).toBe(text);
});

test.each([
  [192, "192"],
  [4481, "4,481"],
  [12_480, "12.5 k"],
  [999_999, "1 M"],
  [1_200_000, "1.2 M"],
  [null, "–"],
])("the count %s is shown as %s", (value, text) => {
  expect(formatCount(value)).toBe(text);
});

test.each([
  [0, "0 B"],
  [512, "512 B"],
  [1024, "1 KiB"],
  [1_572_864, "1.5 MiB"],
  [1024 ** 3 - 1, "1020 MiB"],
  [1024 ** 5, "1020 TiB"],
  [null, "–"],
])("%s bytes are shown as %s", (value, text) => {
  expect(formatBytes(value)).toBe(text);
});

test.each([
  [0.0421, "42 ms"],
  [0.9999, "1 s"],
  [4.26, "4.3 s"],
  [9.97, "10 s"],
  [12.4, "12 s"],
  [59.7, "1 min 00 s"],
  [185, "3 min 05 s"],
  [3599.7, "1 h 00 min"],
  [7800, "2 h 10 min"],
  [null, "–"],
  [Number.POSITIVE_INFINITY, "–"],
])("%s seconds are shown as %s", (value, text) => {
  expect(formatDuration(value)).toBe(text);
});

test("shares are shown as percent with three digits", () => {
  expect([0.0312, 1, null].map(formatPercent)).toEqual(["3.12 %", "100 %", "–"]);
});

describe("how long ago", () => {
  const now = Date.UTC(2026, 4, 20, 12) / 1000;
  test.each([
    [0, "just now"],
    [44, "just now"],
    [46, "1 min ago"],
    [3599, "59 min ago"],
    [3600, "1 h ago"],
    [86_399, "23 h ago"],
    [-5, "just now"],
  ])("%s seconds ago is “%s”", (seconds, text) => {
    expect(formatAgo(now - seconds, now)).toBe(text);
  });
  test("older things have their date", () => {
    expect(formatAgo(now - 3 * 86_400, now)).toBe("17 May 2026");
  });
});

test("one row, three rows", () => {
  expect([plural(1, "row"), plural(3, "row"), plural(1000, "row")]).toEqual([
    "1 row",
    "3 rows",
    "1,000 rows",
  ]);
});

test("an upload that is sent is being read", () => {
  expect([uploadLabel(0.426), uploadLabel(1)]).toEqual(["Uploading 42 %", "Reading the table…"]);
});
