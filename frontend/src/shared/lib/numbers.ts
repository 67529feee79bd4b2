/** Numbers as people type them, their allowed range, and the steps between them. */
import { calculate } from "./expression";
import { formatInt } from "./format";

export interface NumberRange {
  integer?: boolean | undefined;
  min?: number | null | undefined;
  max?: number | null | undefined;
  step?: number | null | undefined;
  /** Steps along 1, 2, 5, 10, for what differs by orders of magnitude, such as a learning rate. */
  log?: boolean | undefined;
}

const THOUSANDS = /^[+-]?[1-9]\d{0,2}([,\s]\d{3})+(\.\d*)?$/;
const DECIMAL_COMMA = /^[+-]?\d*,\d+$/;

/**
 * A number, or arithmetic: "1e-3", "0,5", "1 000", "1,000" and "2*64" are read; NaN for anything else.
 * A comma before three digits separates thousands, as where the page shows numbers; otherwise it is a decimal comma.
 */
export function parseNumber(text: string): number {
  const plain = text
    .trim()
    .replaceAll("_", "")
    .replaceAll("−", "-")
    .replaceAll("×", "*")
    .replaceAll("÷", "/");
  if (THOUSANDS.test(plain)) return Number(plain.replace(/[,\s]/g, ""));
  return calculate(DECIMAL_COMMA.test(plain) ? plain.replace(",", ".") : plain);
}

export type ReadNumber = { value: number } | { problem: string };

/** The number that a text means if it is allowed, else why it is not, as the end of a sentence. */
export function readNumber(text: string, range: NumberRange): ReadNumber {
  const typed = text.trim();
  const number = parseNumber(typed);
  if (!Number.isFinite(number)) return { problem: notNumber(typed) };
  const value = range.integer ? wholeOf(number) : number;
  const expected = expectedNumber(value, range);
  if (expected === null) return { value };
  const isPlain = String(value) === typed;
  return { problem: `must be ${expected}${isPlain ? `, not ${typed}` : `: ${typed} is ${shown(value)}`}.` };
}

function notNumber(typed: string): string {
  if (typed === "") return "needs a number.";
  return `needs a number or arithmetic such as 2*64 or 1e-3: “${typed}” is neither.`;
}

/** Round a number that is an integer up to floating-point error, such as 0.1*30. */
function wholeOf(number: number): number {
  const whole = Math.round(number);
  return Math.abs(number - whole) <= 1e-9 * Math.max(1, Math.abs(number)) ? whole : number;
}

const shown = (value: number): string => String(Number(value.toPrecision(12)));

function expectedNumber(value: number, { integer, min, max }: NumberRange): string | null {
  const inside = value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY);
  if (integer && !Number.isInteger(value)) return "a whole number";
  if (integer && !Number.isSafeInteger(value)) return "below 2^53";
  return inside ? null : limits(min ?? null, max ?? null);
}

function limits(min: number | null, max: number | null): string {
  if (min === null) return `at most ${grouped(max)}`;
  return max === null ? `at least ${grouped(min)}` : `between ${grouped(min)} and ${grouped(max)}`;
}

/** The range in a few words, such as "1 or more" or "0 to 0.9"; empty where any number is allowed. */
export function rangeText({ min = null, max = null }: NumberRange): string {
  if (min === null && max === null) return "";
  if (min === null) return `up to ${grouped(max)}`;
  return max === null ? `${grouped(min)} or more` : `${grouped(min)} to ${grouped(max)}`;
}

const grouped = (value: number | null): string =>
  value !== null && Number.isInteger(value) && Math.abs(value) >= 10_000 ? formatInt(value) : String(value);

/** How much of a step: ten with Shift, a tenth with Alt. */
export type StepSize = 1 | 10 | 0.1;

/** One step up or down, never past the range. Without a given step, it is one in the last digit shown. */
export function stepped(from: number, direction: 1 | -1, range: NumberRange, size: StepSize = 1): number {
  const { integer, min, max } = range;
  const next =
    range.log && size !== 0.1
      ? alongScale(from, direction, size)
      : from + direction * stepOf(from, range, size);
  const exact = integer ? Math.round(next) : Number(next.toPrecision(12));
  return Math.min(max ?? Number.POSITIVE_INFINITY, Math.max(min ?? Number.NEGATIVE_INFINITY, exact));
}

function stepOf(from: number, { step, integer, log }: NumberRange, size: StepSize): number {
  const one = step ?? (integer ? 1 : 10 ** Math.floor(Math.log10(Math.abs(from) || 1)) / (log ? 1 : 10));
  return integer ? Math.max(1, one * size) : one * size;
}

/** The first positive number of the scale. */
const SCALE_START = 1e-4;
const SCALE_END = 1e-12;
const SCALE = [0.5, 1, 2, 5, 10];

function alongScale(from: number, direction: 1 | -1, size: StepSize): number {
  if (from <= 0) return direction > 0 ? SCALE_START : from;
  if (direction < 0 && from <= SCALE_END) return 0;
  if (size === 10) return from * 10 ** direction;
  const unit = 10 ** Math.floor(Math.log10(from) + 1e-9);
  const place = from / unit;
  const next =
    direction > 0
      ? SCALE.find((mark) => mark > place * 1.000001)
      : SCALE.findLast((mark) => mark < place * 0.999999);
  return (next ?? place) * unit;
}
