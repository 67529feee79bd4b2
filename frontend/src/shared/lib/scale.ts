/** Scales of the SVG plots: from values to pixels, with round numbers to mark on them. */

import { extent as extentOf } from "d3-array";
import { scaleLinear, scaleLog } from "d3-scale";

export interface Scale {
  (value: number): number;
  ticks: number[];
}

export type Range = readonly [number, number];

/** Above this ratio of the ends, a log scale marks powers of ten alone. */
const MANY_DECADES = 500;

/** The smallest and the largest finite value, widened where they are equal; [0, 1] without any. */
export function extent(values: readonly number[]): Range {
  const [low, high] = extentOf(values.filter(Number.isFinite));
  if (low === undefined || high === undefined) return [0, 1];
  if (low < high) return [low, high];
  const pad = Math.abs(low) * 0.1 || 1;
  return [low - pad, high + pad];
}

/** A range with a share of its width added at both ends. */
export function padded([low, high]: Range, share = 0.06): Range {
  const pad = (high - low) * share;
  return [low - pad, high + pad];
}

/** `ticks` is about how many numbers to mark. */
export function linear(domain: Range, range: Range, ticks = 5): Scale {
  const scale = scaleLinear(domain, range);
  return Object.assign((value: number): number => scale(value), { ticks: scale.ticks(ticks) });
}

/** For positive values; others are drawn at the lower end. */
export function logarithmic([low, high]: Range, range: Range): Scale {
  const least = Math.max(low, Number.MIN_VALUE);
  const most = Math.max(high, least * 1.01);
  const scale = scaleLog([least, most], range).clamp(true);
  const marks = high / least > MANY_DECADES ? ["1"] : ["1", "2", "5"];
  // Asked for two more than there are decades, d3 gives the multiples of each power of ten.
  const multiples = scale.ticks(Math.ceil(Math.log10(most / least)) + 2);
  const ticks = multiples.filter((tick) => marks.includes(tick.toExponential(0)[0] ?? ""));
  return Object.assign((value: number): number => scale(value), {
    ticks: ticks.length > 1 ? ticks : [least, high],
  });
}

/** A label cut to about this many pixels of 12 px text. */
export function shorten(text: string, width: number): string {
  const most = Math.max(3, Math.floor(width / 6.4));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
