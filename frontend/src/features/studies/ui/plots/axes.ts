import { paramText } from "@/features/studies/model/studyTable";
import { formatNumber } from "@/shared/lib/format";
import { extent, linear, logarithmic } from "@/shared/lib/scale";

/** One of several parallel axes: of numbers, or of categories. */
export interface AxisScale {
  name: string;
  ticks: { text: string; at: number }[];
  place: (value: unknown) => number;
}

type Range = readonly [number, number];

/** Positive numbers with a ratio above this are drawn on a log scale. */
const WIDE = 50;
/** Up to this many values of a parameter are taken as listed, not drawn from a range. */
const FEW = 5;

export function paramAxis(name: string, values: readonly unknown[], range: Range): AxisScale {
  const numbers = values.filter((value): value is number => typeof value === "number");
  const listed = new Set(values).size <= FEW || numbers.length < values.length;
  return listed ? textAxis(name, values, range) : numberAxis(name, numbers, range);
}

export function numberAxis(name: string, values: readonly number[], range: Range): AxisScale {
  const [low, high] = extent(values);
  const scale =
    low > 0 && high / low > WIDE ? logarithmic([low, high], range) : linear([low, high], range, 4);
  return {
    name,
    ticks: scale.ticks.map((tick) => ({ text: formatNumber(tick, 3).replaceAll("-", "−"), at: scale(tick) })),
    place: (value) => scale(typeof value === "number" ? value : low),
  };
}

function textAxis(name: string, values: readonly unknown[], range: Range): AxisScale {
  const texts = [...new Set(values.map(paramText))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  const scale = linear(extent(texts.map((_, index) => index)), range);
  const place = (text: string): number => scale(Math.max(0, texts.indexOf(text)));
  return {
    name,
    ticks: texts.map((text) => ({ text: text || "–", at: place(text) })),
    place: (value) => place(paramText(value)),
  };
}
