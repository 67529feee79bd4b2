import { Layers } from "lucide-react";
import { modelRows } from "@/features/blocks/model/modelRows";
import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { frameOf } from "@/features/graph/model/layout/frames";
import { openBlock } from "@/features/graph/model/scope";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openReport, openScope, outerReport, useGraph } from "@/features/graph/store/graph";
import type { Totals } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatBytes, formatCount, formatInt } from "@/shared/lib/format";
import { EmptyState } from "@/shared/ui/EmptyState";
import { GraphSection } from "./GraphSection";
import { LayerTable } from "./layers/LayerTable";
import { OpenBlockSection } from "./OpenBlockSection";

/** The full model: its totals, and each layer with its output shape and parameters. */
export function ModelSummary() {
  const graph = useGraph(openScope);
  const report = useGraph(openReport);
  const types = useCatalogue((state) => state.types);
  const isOpen = openBlock(graph) !== undefined;
  // Inside a block the figures are those of the block, all repeats combined.
  const inside = useGraph((state) => (isOpen ? outerReport(state) : undefined));
  const rows = modelRows(graph, types, report);
  if (!isOpen && !graph.nodes.some((node) => frameOf(infoOf(graph, types, node)) === "model")) {
    return (
      <>
        <EmptyState icon={<Layers />} title="No model yet">
          Add layers and a model assembly; sizes and parameters appear here as you build.
        </EmptyState>
        <GraphSection />
      </>
    );
  }
  // Before the network is valid, its totals are unknown.
  const known = rows.some((row) => row.parameters !== null);
  const totals = known ? (isOpen ? inside : report?.totals) : undefined;
  return (
    <>
      <OpenBlockSection />
      <dl className={cn("grid grid-cols-2 gap-2 p-3", isOpen && "border-t")}>
        <Figure
          label="Parameters"
          value={formatCount(totals?.parameters)}
          full={`${formatInt(totals?.parameters)}, ${trainableText(totals)}`}
          note={totals?.frozen ? `${formatCount(totals.frozen)} frozen` : undefined}
        />
        <Figure
          label="FLOPs"
          value={formatCount(totals?.flops)}
          full={`${formatInt(totals?.flops)} per sample, forward`}
        />
      </dl>
      {!isOpen && <Memory totals={report?.totals} />}
      <LayerTable rows={rows} />
      {!isOpen && <GraphSection />}
    </>
  );
}

const MEMORY_HELP =
  "The most at any moment: weights, gradients, the optimizer's state, data, and activations with their gradients " +
  "or, on a CPU, a checkpoint. Left out: the process itself (about 0.4 GB), the work space inside layers, which on a " +
  "CPU can double the need of convolutions and transformers, and metrics that keep all values of an epoch.";

/** The memory that training needs, compared with what is free on the device. */
function Memory({ totals }: { totals: Totals | undefined }) {
  if (!totals?.memory) return null;
  const { memory, memory_free: free } = totals;
  const share = free ? Math.min(1, memory / free) : 0;
  const tooMuch = free !== null && memory > free;
  return (
    <div className="mx-3 mb-3 rounded-md bg-raised px-2 py-1.5" title={MEMORY_HELP}>
      <div className="flex items-baseline justify-between gap-2">
        <span className="text-muted text-xs">Training memory</span>
        <span className={cn("tabular-nums", tooMuch ? "font-semibold text-warning" : "font-medium")}>
          {formatBytes(memory)}
          {free !== null && <span className="text-muted text-xs"> of {formatBytes(free)} free</span>}
        </span>
      </div>
      {free !== null && (
        <div aria-hidden className="mt-1 h-1 overflow-hidden rounded-full bg-line">
          <div
            className={cn("h-full rounded-full", tooMuch ? "bg-warning" : "bg-accent")}
            style={{ width: `${Math.max(1, share * 100)}%` }}
          />
        </div>
      )}
    </div>
  );
}

interface FigureProps {
  label: string;
  value: string;
  full: string;
  /** Shown after the value. */
  note?: string | undefined;
}

function Figure({ label, value, full, note }: FigureProps) {
  return (
    <div className="rounded-md bg-raised px-2 py-1.5" title={full}>
      <dt className="text-muted text-xs">{label}</dt>
      <dd className="font-semibold text-lg tabular-nums">
        {value}
        {note && <span className="ml-1.5 font-normal text-muted text-xs">{note}</span>}
      </dd>
    </div>
  );
}

/** Return how many parameters are trained, such as "all trainable". */
function trainableText(totals: { parameters: number | null; frozen: number } | undefined): string {
  if (!totals?.frozen) return "all trainable";
  return `${formatInt((totals.parameters ?? 0) - totals.frozen)} trainable, ${formatInt(totals.frozen)} frozen`;
}
