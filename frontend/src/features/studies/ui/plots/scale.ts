/** Scales of the plots: from values to pixels, and round numbers to mark on them. */

export interface Scale {
  (value: number): number;
  ticks: number[];
}

type Range = readonly [number, number];

/** The least and the greatest of these, a little apart where they are one. */
export function extent(values: readonly number[]): Range {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  if (low < high) return [low, high];
  const pad = Math.abs(low) * 0.1 || 1;
  return [low - pad, high + pad];
}

/** A range with a share of its width added at both ends. */
export function padded([low, high]: Range, share = 0.06): Range {
  const pad = (high - low) * share;
  return [low - pad, high + pad];
}

export function linear(domain: Range, range: Range, ticks = 5): Scale {
  const [low, high] = domain;
  const [from, to] = range;
  const place = (value: number): number => from + ((value - low) / (high - low)) * (to - from);
  return Object.assign(place, { ticks: roundNumbers(domain, ticks) });
}

/** Of positive values; what is not positive lies at the lower end. */
export function logarithmic([low, high]: Range, range: Range): Scale {
  const least = Math.max(low, Number.MIN_VALUE);
  const inner = linear([Math.log10(least), Math.log10(Math.max(high, least * 1.01))], range);
  const place = (value: number): number => inner(Math.log10(Math.max(value, least)));
  const wide = high / least > 500;
  const marks = wide ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(high)); power++)
    for (const mark of marks) {
      const tick = Number(`${mark}e${power}`);
      if (tick >= least && tick <= high) ticks.push(tick);
    }
  return Object.assign(place, { ticks: ticks.length > 1 ? ticks : [least, high] });
}

/** About so many numbers with few digits within a range. */
function roundNumbers([low, high]: Range, count: number): number[] {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  // The nearest of these by its ratio, not the next above: that would leave too few.
  const share = raw / power;
  const step = power * (share > 7 ? 10 : share > 3.2 ? 5 : share > 1.4 ? 2 : 1);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    // As a sum of steps it would gather their errors.
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** A label cut to about so many pixels of 12 px text. */
export function shorten(text: string, width: number): string {
  const most = Math.max(3, Math.floor(width / 6.4));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
