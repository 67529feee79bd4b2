import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { GraphSummary } from "@/shared/api/types";
import { factorOf, useUi } from "@/shared/store/ui";
import { GraphItem } from "./GraphItem";

const ROW = 54;

/** Stored graphs; only visible ones are drawn. */
export function GraphList({ graphs, refresh }: { graphs: GraphSummary[]; refresh: () => unknown }) {
  const frame = useRef<HTMLDivElement>(null);
  const row = ROW * useUi(factorOf);
  const rows = useVirtualizer({
    count: graphs.length,
    getScrollElement: () => frame.current,
    estimateSize: () => row,
    getItemKey: (index) => graphs[index]?.id ?? index,
    overscan: 6,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are measured again when their height changes
  useEffect(() => rows.measure(), [row]);
  return (
    <div ref={frame} className="min-h-0 grow overflow-y-auto px-2 pb-2">
      <ul aria-label="Graphs" className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ key, index, start }) => {
          const graph = graphs[index];
          return (
            graph && (
              <li
                key={key}
                className="absolute inset-x-0"
                style={{ height: row - 2, transform: `translateY(${start}px)` }}
              >
                <GraphItem graph={graph} refresh={refresh} />
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}
