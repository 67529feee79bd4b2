import { Layers } from "lucide-react";
import type { Totals } from "@/api/types";
import { EmptyState } from "@/components/ui/EmptyState";
import { TypeIcon, tintOf } from "@/components/ui/TypeIcon";
import { infoOf } from "@/lib/blockInfo";
import { cn } from "@/lib/cn";
import { nodeLabel } from "@/lib/document";
import { formatBytes, formatCount, formatInt } from "@/lib/format";
import { frameOf } from "@/lib/frames";
import { type ModelRow, modelRows } from "@/lib/modelRows";
import { openBlock } from "@/lib/scope";
import { focusNode } from "@/store/canvas";
import { useCatalogue } from "@/store/catalogue";
import { openReport, openScope, outerReport, useGraph } from "@/store/graph";
import { OpenBlockSection } from "./OpenBlockSection";
import { Section } from "./Section";

/** The network as a whole: its totals, and each layer with its output shape and parameters. */
export function ModelSummary() {
  const graph = useGraph(openScope);
  const report = useGraph(openReport);
  const types = useCatalogue((state) => state.types);
  const isOpen = openBlock(graph) !== undefined;
  // Inside a block the figures are those of the block, all repeats together.
  const inside = useGraph((state) => (isOpen ? outerReport(state) : undefined));
  const rows = modelRows(graph, types, report);
  if (!isOpen && !graph.nodes.some((node) => frameOf(infoOf(graph, types, node)) === "model")) {
    return (
      <EmptyState icon={<Layers />} title="No model yet">
        Add layers and a model assembly; sizes and parameters appear here as you build.
      </EmptyState>
    );
  }
  const totals = isOpen ? inside : report?.totals;
  return (
    <>
      <OpenBlockSection />
      <dl className={cn("grid grid-cols-2 gap-2 p-3", isOpen && "border-t")}>
        <Figure
          label="Parameters"
          value={formatCount(totals?.parameters)}
          full={formatInt(totals?.parameters)}
        />
        <Figure
          label="FLOPs"
          value={formatCount(totals?.flops)}
          full={`${formatInt(totals?.flops)} per sample, forward`}
        />
      </dl>
      {!isOpen && <Memory totals={report?.totals} />}
      <Section title="Layers">
        <table className="w-full table-fixed text-sm">
          <thead className="sr-only">
            <tr>
              <th>Layer</th>
              <th>Output shape</th>
              <th>Parameters</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <LayerRow key={row.node.id} row={row} />
            ))}
          </tbody>
        </table>
      </Section>
    </>
  );
}

/** What training needs of the device's memory, against what is free there. */
function Memory({ totals }: { totals: Totals | undefined }) {
  if (!totals?.memory) return null;
  const { memory, memory_free: free } = totals;
  const share = free ? Math.min(1, memory / free) : 0;
  const tooMuch = free !== null && memory > free;
  return (
    <div
      className="mx-3 mb-3 rounded-md bg-raised px-2 py-1.5"
      title="Weights, gradients, the optimizer's state, the activations of a batch, and the data"
    >
      <div className="flex items-baseline justify-between gap-2">
        <span className="text-muted text-xs">Memory to train</span>
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

function Figure({ label, value, full }: { label: string; value: string; full: string }) {
  return (
    <div className="rounded-md bg-raised px-2 py-1.5" title={full}>
      <dt className="text-muted text-xs">{label}</dt>
      <dd className="font-semibold text-lg tabular-nums">{value}</dd>
    </div>
  );
}

function LayerRow({ row }: { row: ModelRow }) {
  const { node, info, shape, parameters, status } = row;
  return (
    <tr className={cn("group", status === "disabled" && "text-muted")}>
      <td className="p-0">
        <button
          type="button"
          onClick={() => focusNode(node.id)}
          className="flex h-7 w-full items-center gap-2 rounded-md px-1 text-left group-hover:bg-raised"
        >
          <span style={{ color: tintOf(info) }}>
            <TypeIcon info={info} className="size-3.5" />
          </span>
          <span
            className={cn(
              "truncate",
              status === "error" && "text-danger",
              status === "disabled" && "line-through",
            )}
          >
            {nodeLabel(node)}
          </span>
        </button>
      </td>
      <td className="truncate px-1 font-mono text-muted text-xs">{shape || "–"}</td>
      <td className="w-16 text-right tabular-nums" title={formatInt(parameters)}>
        {parameters ? formatCount(parameters) : <span className="text-muted">–</span>}
      </td>
    </tr>
  );
}
