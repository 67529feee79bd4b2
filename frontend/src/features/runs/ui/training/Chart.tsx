import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { align, downsample, type Line, smooth } from "@/features/runs/model/series";
import { curvesOf, onCurves } from "@/features/runs/store/series";
import { formatNumber } from "@/shared/lib/format";
import { isDark, useUi } from "@/shared/store/ui";

export interface Curve {
  run: string;
  key: string;
  label: string;
  /** A CSS variable, such as --accent. */
  color: string;
  dashed?: boolean;
  /** Drawn narrow and pale, never smoothed: the batch loss. */
  faint?: boolean;
}

interface ChartProps {
  title: string;
  curves: Curve[];
  log: boolean;
  /** Weight of the moving average, from 0 (none) to 1. */
  smoothing: number;
  height: number;
}

const SYNC = "visdl";
const POINTS_PER_PIXEL = 1.5;

/** Live curves over optimizer steps. Drag to zoom in, double-click to reset; all charts share the cursor. */
export function Chart({ title, curves, log, smoothing, height }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const dark = useUi((state) => isDark(state.theme));
  // A chart is rebuilt when its lines or their looks change; otherwise only its data is updated.
  const look = JSON.stringify([curves, log, smoothing > 0, dark, height]);
  const weight = useRef(smoothing);
  weight.current = smoothing;
  const feed = useRef<() => void>(() => undefined);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `look` represents everything that is drawn
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const plot = new uPlot(options(curves, log, smoothing > 0, element.clientWidth, height), [[]], element);
    feed.current = () => plot.setData(data(curves, weight.current, plot.width) as uPlot.AlignedData);
    feed.current();
    const stop = onCurves(() => feed.current());
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      stop();
      observer.disconnect();
      plot.destroy();
    };
  }, [look]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new weight is a new picture
  useEffect(() => feed.current(), [smoothing]);

  return <div ref={host} role="img" aria-label={`${title} over steps; its figures are in the table view`} />;
}

/** Each smoothed curve has its raw line below it. */
function data(curves: Curve[], smoothing: number, width: number): ReturnType<typeof align> {
  const most = Math.max(200, width * POINTS_PER_PIXEL);
  const lines: Line[] = [];
  for (const curve of curves) {
    const series = curvesOf(curve.run).get(curve.key);
    const raw = { x: series?.steps ?? new Float64Array(), y: series?.values ?? new Float64Array() };
    const smoothed = smoothing > 0 && !curve.faint;
    if (smoothed) lines.push(downsample(raw, most));
    lines.push(downsample(smoothed ? { x: raw.x, y: smooth(raw.y, smoothing) } : raw, most));
  }
  return align(lines);
}

function options(
  curves: Curve[],
  log: boolean,
  smoothed: boolean,
  width: number,
  height: number,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = (size: number): uPlot.Axis => ({
    stroke: colour("--muted"),
    font: "11px Inter Variable, sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1, size: 4 },
    size,
    gap: 4,
  });
  const line = (curve: Curve, pale: boolean): uPlot.Series => ({
    label: curve.label,
    stroke: colour(curve.color) + (pale ? "55" : ""),
    width: pale ? 1 : 1.75,
    points: { show: false },
    spanGaps: true,
    ...(curve.dashed && { dash: [5, 4] }),
    value: (_plot, value) => formatNumber(value),
  });
  return {
    width,
    height,
    padding: [6, 20, 0, 0],
    cursor: { sync: { key: SYNC }, drag: { x: true, y: false }, points: { size: 6 } },
    legend: { show: false },
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    axes: [
      { ...axis(26), values: (_plot, ticks) => ticks.map((tick) => tick.toLocaleString("en-US")) },
      {
        ...axis(52),
        values: (_plot, ticks) => ticks.map((tick) => (tick === null ? "" : formatNumber(tick, 3))),
      },
    ],
    series: [
      { label: "Step" },
      ...curves.flatMap((curve) => [
        ...(smoothed && !curve.faint ? [{ ...line(curve, true), label: `${curve.label} (raw)` }] : []),
        line(curve, curve.faint ?? false),
      ]),
    ],
  };
}
