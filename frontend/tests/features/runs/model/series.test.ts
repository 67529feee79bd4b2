import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { align, downsample, type Line, Series, smooth } from "@/features/runs/model/series";
import type { Point } from "@/shared/api/types";

const points = (...steps: number[]): Point[] =>
  steps.map((step) => [step, Math.floor(step / 10), step / 100]);
const line = (x: number[], y: number[]): Line => ({ x: Float64Array.from(x), y: Float64Array.from(y) });

describe("a growing series", () => {
  test("keeps steps, epochs and values", () => {
    const series = new Series();
    series.append([
      [5, 1, 0.5],
      [9, 2, null],
    ]);
    expect([...series.steps]).toEqual([5, 9]);
    expect([...series.epochs]).toEqual([1, 2]);
    expect([...series.values]).toEqual([0.5, Number.NaN]);
  });

  test("grows past its first room", () => {
    const series = new Series();
    series.append(points(...Array.from({ length: 1000 }, (_, i) => i + 1)));
    expect(series.length).toBe(1000);
    expect(series.steps.at(-1)).toBe(1000);
  });

  test("is downsampled when it has grown for hours: evenly, keeping its extremes", () => {
    const series = new Series();
    const [low, high] = [123_456, 777_777];
    for (let step = 0; step < 1_000_000; step += 1000) {
      const value = (at: number): number => (at === low ? -9 : at === high ? 9 : Math.sin(at));
      series.append(Array.from({ length: 1000 }, (_, i) => [step + i, 0, value(step + i)]));
    }
    expect(series.length).toBeLessThanOrEqual(200_000);
    const kept = [...series.steps];
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
    expect(kept).toEqual(expect.arrayContaining([low, high]));
    expect([series.values[kept.indexOf(low)], series.values[kept.indexOf(high)]]).toEqual([-9, 9]);
    const share = [0, 1, 2].map((part) => kept.filter((at) => Math.floor(at / 250_000) === part).length);
    expect(Math.max(...share)).toBeLessThan(2.2 * Math.min(...share));
  });

  test("live points that the history has too are passed over", () => {
    const series = new Series();
    series.append(points(1, 2, 3));
    series.append(points(2, 3, 4));
    expect([...series.steps]).toEqual([1, 2, 3, 4]);
  });

  test("history and live pieces that overlap in any way make every step once", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.nat(60), { maxLength: 30 }),
        (past, overlaps) => {
          const series = new Series();
          series.append(points(...steps(1, past)));
          let end = past;
          for (const overlap of overlaps) {
            series.append(points(...steps(Math.max(1, end - overlap), end + 10)));
            end += 10;
          }
          expect([...series.steps]).toEqual(steps(1, end));
        },
      ),
      { numRuns: 40 },
    );
  });
});

const steps = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("downsampling", () => {
  test("a short line stays as it is", () => {
    const short = line([1, 2, 3], [3, 1, 2]);
    expect(downsample(short, 3)).toEqual(short);
  });

  test("the lowest and the highest of each stretch stay, in order", () => {
    const { x, y } = downsample(line([0, 1, 2, 3, 4, 5, 6, 7], [5, 9, 1, 5, 5, 2, 8, 5]), 4);
    expect([...x]).toEqual([1, 2, 5, 6]);
    expect([...y]).toEqual([9, 1, 2, 8]);
  });

  test("a value that is not finite hides no extreme", () => {
    const { y } = downsample(line([0, 1, 2, 3, 4, 5, 6, 7], [Number.NaN, 9, 1, 5, 5, 2, 8, 5]), 4);
    expect([...y]).toEqual([9, 1, 2, 8]);
  });

  test("a stretch without any finite value stays a gap", () => {
    const { y } = downsample(line(steps(0, 7), [1, 2, 3, 4, NaN, NaN, NaN, NaN]), 4);
    expect([...y]).toEqual([1, 4, NaN]);
  });

  test("never more than asked for, and both extremes of the whole line are in it", () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 10,
      maxLength: 300,
    });
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 40 }), (y, most) => {
        const kept = downsample(line(steps(1, y.length), y), most);
        expect(kept.x.length).toBeLessThanOrEqual(Math.max(most, 2));
        expect(Math.max(...kept.y)).toBe(Math.max(...y));
        expect(Math.min(...kept.y)).toBe(Math.min(...y));
        expect([...kept.x]).toEqual([...kept.x].sort((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });
});

describe("smoothing", () => {
  test("weight 0 changes nothing", () => {
    const values = Float64Array.from([1, 5, 2]);
    expect(smooth(values, 0)).toBe(values);
  });
  test("a constant stays itself from its first value on", () => {
    for (const value of smooth(Float64Array.from([3, 3, 3, 3]), 0.9)) expect(value).toBeCloseTo(3);
  });
  test("each value draws the mean to it", () => {
    const [first, second] = smooth(Float64Array.from([0, 1]), 0.5);
    expect(first).toBe(0);
    expect(second).toBeCloseTo(2 / 3);
  });
  test("what is not finite is left out and spoils nothing", () => {
    const [, gap, after] = smooth(Float64Array.from([2, Number.NaN, 2]), 0.5);
    expect(gap).toBeNaN();
    expect(after).toBeCloseTo(2);
  });
});

test("lines of different steps share one axis, with nulls where a line has no value", () => {
  expect(align([line([1, 2, 4], [10, Number.NaN, 40]), line([2, 3], [20, 30])])).toEqual([
    [1, 2, 3, 4],
    [10, null, null, 40],
    [null, 20, 30, null],
  ]);
  expect(align([])).toEqual([[]]);
});
