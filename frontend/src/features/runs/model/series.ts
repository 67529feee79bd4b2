/** Growing columns of numbers, and the lines of charts that are made from them. */
import type { Point } from "@/shared/api/types";

/** Maximum points that a page keeps of a series; the server has them all. */
const MOST = 200_000;

/** Steps, epochs and values of one metric, in typed arrays that grow by doubling, up to a bound. */
export class Series {
  length = 0;
  #steps = new Float64Array(64);
  #epochs = new Float64Array(64);
  #values = new Float64Array(64);

  get steps(): Float64Array {
    return this.#steps.subarray(0, this.length);
  }

  get epochs(): Float64Array {
    return this.#epochs.subarray(0, this.length);
  }

  /** NaN where the value was not finite. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.length);
  }

  /** Adds the points after the last one; those that are here already are skipped. */
  append(points: readonly Point[]): void {
    for (const [step, epoch, value] of points) {
      const last = this.length > 0 ? (this.#steps[this.length - 1] ?? -1) : -1;
      if (step <= last) continue;
      if (this.length === this.#steps.length) this.#grow();
      this.#steps[this.length] = step;
      this.#epochs[this.length] = epoch;
      this.#values[this.length] = value ?? Number.NaN;
      this.length++;
    }
    if (this.length > MOST) this.#downsample(MOST / 4);
  }

  #downsample(stretches: number): void {
    const kept = extremes(this.steps, this.values, stretches);
    for (const column of [this.#steps, this.#epochs, this.#values])
      for (const [to, from] of kept.entries()) column[to] = column[from] ?? Number.NaN;
    this.length = kept.length;
  }

  #grow(): void {
    const larger = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(old.length * 2);
      next.set(old);
      return next;
    };
    this.#steps = larger(this.#steps);
    this.#epochs = larger(this.#epochs);
    this.#values = larger(this.#values);
  }
}

export interface Line {
  x: Float64Array;
  y: Float64Array;
}

/** At most `most` points: the lowest and the highest of each stretch of x. */
export function downsample({ x, y }: Line, most: number): Line {
  if (x.length <= most) return { x, y };
  const kept = extremes(x, y, Math.max(1, Math.floor(most / 2)));
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(kept, (i) => values[i] ?? Number.NaN);
  return { x: pick(x), y: pick(y) };
}

/**
 * The indices of the lowest and the highest number in each of equally wide stretches of x, in order.
 * A stretch with one number, or with none but NaN, keeps one. Repeating it keeps the spacing even.
 */
function extremes(x: Float64Array, y: Float64Array, stretches: number): number[] {
  const first = x[0] ?? 0;
  const width = ((x[x.length - 1] ?? 0) - first) / stretches || 1;
  const stretchOf = (i: number): number => Math.min(stretches - 1, Math.floor(((x[i] ?? 0) - first) / width));
  const kept: number[] = [];
  for (let from = 0, to = 0; from < x.length; from = to) {
    const stretch = stretchOf(from);
    do to++;
    while (to < x.length && stretchOf(to) === stretch);
    kept.push(...extremesBetween(y, from, to));
  }
  return kept;
}

/** The indices of the lowest and the highest number in `[from, to)`, in order; one where they are equal. */
function extremesBetween(y: Float64Array, from: number, to: number): number[] {
  const at = (index: number): number => y[index] ?? Number.NaN;
  let [low, high] = [from, from];
  for (let i = from; i < to; i++) {
    // The negated comparison replaces a NaN by any number.
    if (!(at(low) <= at(i)) && !Number.isNaN(at(i))) low = i;
    if (!(at(high) >= at(i)) && !Number.isNaN(at(i))) high = i;
  }
  return low === high ? [low] : [Math.min(low, high), Math.max(low, high)];
}

/** Exponential moving average with the start bias taken out (as Adam does); weight 0 changes nothing. */
export function smooth(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values;
  const out = new Float64Array(values.length);
  let mean = 0;
  let share = 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isFinite(value)) {
      out[i] = Number.NaN;
      continue;
    }
    mean = weight * mean + (1 - weight) * value;
    share *= weight;
    out[i] = mean / (1 - share);
  }
  return out;
}

/** Several lines over one ascending x, as uPlot wants them; null where a line has no value there. */
export function align(lines: readonly Line[]): [number[], ...(number | null)[][]] {
  const places = new Map<number, number>();
  const x = [...new Set(lines.flatMap((line) => Array.from(line.x)))].sort((a, b) => a - b);
  for (const [index, value] of x.entries()) places.set(value, index);
  const columns = lines.map((line) => {
    const column = new Array<number | null>(x.length).fill(null);
    for (let i = 0; i < line.x.length; i++) {
      const value = line.y[i] ?? Number.NaN;
      const place = places.get(line.x[i] ?? Number.NaN);
      if (place !== undefined && Number.isFinite(value)) column[place] = value;
    }
    return column;
  });
  return [x, ...columns];
}
