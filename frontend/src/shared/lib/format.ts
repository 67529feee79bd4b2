/** Numbers for people: four significant digits and a unit. The full value belongs in a `title`. */

const NONE = "–";

/** A number with four significant digits: 0.01234, 12.35, 1.235e-6; "–" where there is none. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e7)
    return value
      .toExponential(digits - 1)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  const text = value.toPrecision(digits);
  // Beyond these digits toPrecision writes an exponent.
  if (Math.abs(Number(text)) >= 10 ** digits) return Number(text).toLocaleString("en-US");
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A whole number with separators: 12,480. */
export function formatInt(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : Math.round(value).toLocaleString("en-US");
}

/** A count for narrow places: 192, 4,481, 12.5 k, 1.2 M. */
export function formatCount(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  if (Math.abs(value) < 10_000) return formatInt(value);
  return scaled(value, 1000, ["", " k", " M", " G", " T"]);
}

/** Bytes with a binary unit: 512 B, 1.5 MiB. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return NONE;
  return scaled(bytes, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let size = value;
  let unit = 0;
  const shown = (): number => (unit === 0 ? Math.round(size) : Number(size.toPrecision(3)));
  // What rounds up to the next unit is shown in it.
  while (Math.max(Math.abs(size), Math.abs(shown())) >= base && unit < units.length - 1) {
    size /= base;
    unit++;
  }
  return `${shown()}${units[unit]}`;
}

/** Seconds as 420 ms, 4.2 s, 12 s, 3 min 05 s, 2 h 10 min. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NONE;
  const milliseconds = Math.round(seconds * 1000);
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** A share of one as percent: 0.0312 is 3.12 %. */
export function formatPercent(share: number | null | undefined): string {
  return share === null || share === undefined ? NONE : `${formatNumber(share * 100, 3)} %`;
}

/** How long ago: just now, 5 min ago, 3 h ago, else the date. `time` and `now` in Unix seconds. */
export function formatAgo(time: number, now: number = Date.now() / 1000): string {
  const seconds = Math.max(0, now - time);
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.floor(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(time * 1000).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
  });
}

/** "1 row", "3 rows". */
export function plural(count: number, noun: string): string {
  return `${formatInt(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** What an upload does: the last stretch is the server's reading. */
export function uploadLabel(share: number): string {
  return share < 1 ? `Uploading ${Math.floor(share * 100)} %` : "Reading the table…";
}
