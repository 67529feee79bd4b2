import { Handle, Position } from "@xyflow/react";
import type { CSSProperties } from "react";
import { CARD, cardHeight, portTopOf, ROW } from "@/features/graph/model/card";
import { shapeOf } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import { useViewState } from "@/features/graph/store/viewState";
import type { GraphNode, NodeInfo } from "@/shared/api/types";
import { categoryColor } from "@/shared/lib/categoryColor";
import { cn } from "@/shared/lib/cn";
import { useIsRow } from "../cards/useIsRow";

interface OverviewCardProps {
  node: GraphNode;
  info: NodeInfo;
  className: string;
}

/**
 * A card of a large graph in overview: its title, and ports in their usual positions, so that wires keep
 * their ends.
 */
export function OverviewCard({ node, info, className }: OverviewCardProps) {
  const measured = useViewState((state) => state.sizes.get(node.id)?.height);
  const isRow = useIsRow(node.id);
  const height = measured ?? (isRow ? ROW.height : cardHeight(info));
  const top = (side: "source" | "target", port: string) => portTopOf(info, isRow, { side, port });
  const { ports } = shapeOf(info);
  return (
    <div
      className={cn(className, "card-overview", isRow && "card-overview-row")}
      style={{ width: CARD.width, height, "--category-color": categoryColor(info) } as CSSProperties}
    >
      {nodeLabel(node)}
      {ports.map(({ name }) => (
        <Sketch key={name} id={name} side="target" top={top("target", name)} />
      ))}
      {info.outputs.map(({ name }) => (
        <Sketch key={name} id={name} side="source" top={top("source", name)} />
      ))}
    </div>
  );
}

function Sketch({ id, side, top }: { id: string; side: "source" | "target"; top: number }) {
  const position = side === "target" ? Position.Left : Position.Right;
  return <Handle id={id} type={side} position={position} className="port" style={{ top }} />;
}
