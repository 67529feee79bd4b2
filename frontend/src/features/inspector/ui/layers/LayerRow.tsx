import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { ModelRow, RowGroup } from "@/features/blocks/model/modelRows";
import { timesOf, whyNotRepeat } from "@/features/blocks/model/repeats";
import { makeRepeatedBlock } from "@/features/blocks/store/repeats";
import { CommandIcon } from "@/features/commands/ui/CommandIcon";
import { nodeLabel } from "@/features/graph/model/document";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { focusNode } from "@/features/graph/store/viewState";
import { categoryColor } from "@/shared/lib/categoryColor";
import { cn } from "@/shared/lib/cn";
import { formatCount, formatInt, formatPercent } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { TypeIcon } from "@/shared/ui/TypeIcon";

interface LayerRowProps {
  row: ModelRow;
  /** Parameters of all layers. */
  total: number;
  /** One of a repeating group. */
  inner?: boolean;
}

export function LayerRow({ row, total, inner }: LayerRowProps) {
  const { node, info, shape, parameters, status } = row;
  return (
    <tr className={cn("hover:bg-raised", status === "disabled" && "text-muted")}>
      <td className={cn("rounded-l-md p-0", inner && "pl-4")}>
        <button
          type="button"
          title={`${nodeLabel(node)}: ${info.display_name}`}
          onClick={() => focusNode(node.id)}
          className="flex h-7 w-full min-w-0 items-center gap-2 rounded-md px-1 text-left"
        >
          <span className="shrink-0" style={{ color: categoryColor(info) }}>
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
      <td className="hidden truncate p-0 px-1 text-muted text-xs @sm:table-cell">{info.display_name}</td>
      <td className="truncate p-0 px-1 font-mono text-muted text-xs" title={shape}>
        {shape || "–"}
      </td>
      <Parameters count={parameters ?? 0} total={total} />
    </tr>
  );
}

/** Repeating rows, folded into one that opens. */
export function LayerGroup({ group, total }: { group: RowGroup; total: number }) {
  const { rows, all, times } = group;
  const [open, setOpen] = useState(false);
  const names = rows.map((row) => row.info.display_name).join(", ");
  const count = all.reduce((sum, row) => sum + (row.parameters ?? 0), 0);
  return (
    <>
      <tr className="hover:bg-raised">
        <td colSpan={2} className="rounded-l-md p-0">
          <button
            type="button"
            aria-expanded={open}
            title={`${times} times ${names}`}
            onClick={() => setOpen(!open)}
            className="flex h-7 w-full min-w-0 items-center gap-1.5 rounded-md px-0.5 text-left"
          >
            <ChevronRight
              aria-hidden
              className={cn(
                "size-3.5 shrink-0 text-muted transition-transform duration-100",
                open && "rotate-90",
              )}
            />
            <span className="shrink-0 rounded-sm bg-accent-soft px-1 text-accent text-xs tabular-nums">
              ×{times}
            </span>
            <span className="truncate">{names}</span>
          </button>
        </td>
        <td className="hidden p-0 @sm:table-cell" />
        <Parameters count={count} total={total} />
      </tr>
      {open && <BlockOffer group={group} />}
      {open && all.map((row) => <LayerRow key={row.node.id} row={row} total={total} inner />)}
    </>
  );
}

/** Offers one block with a count instead, if the wires allow it. */
function BlockOffer({ group }: { group: RowGroup }) {
  const times = timesOf(group);
  const refused = useGraph((state) => whyNotRepeat(openScope(state), useCatalogue.getState().types, times));
  if (refused) return null;
  return (
    <tr>
      <td colSpan={4} className="p-0 pb-1 pl-5">
        <Button size="sm" onClick={() => makeRepeatedBlock(times)}>
          <CommandIcon id="makeRepeat" />
          Make one block ×{group.times}
        </Button>
      </td>
    </tr>
  );
}

/** A count, and below it its share of the total as a bar. */
function Parameters({ count, total }: { count: number; total: number }) {
  const share = total > 0 ? count / total : 0;
  return (
    <td
      className="rounded-r-md p-0 px-1 text-right tabular-nums"
      title={count > 0 ? `${formatInt(count)}, ${formatPercent(share)} of all` : "no parameters"}
    >
      {count > 0 ? formatCount(count) : <span className="text-muted">–</span>}
      {count > 0 && (
        <span aria-hidden className="-mt-0.5 block h-0.5 rounded-full bg-line">
          <span
            className="ml-auto block h-full rounded-full bg-accent"
            style={{ width: `${Math.max(2, share * 100)}%` }}
          />
        </span>
      )}
    </td>
  );
}
