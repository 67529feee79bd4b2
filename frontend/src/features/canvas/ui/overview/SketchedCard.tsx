import { Handle, Position } from "@xyflow/react";
import type { CSSProperties } from "react";
import { CARD, cardHeight, portTopOf, ROW } from "@/features/graph/model/card";
import { shapeOf } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import { useCanvas } from "@/features/graph/store/canvas";
import type { GraphNode, NodeInfo } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { tintOf } from "@/shared/lib/tint";
import { useIsRow } from "../cards/useIsRow";

interface SketchedCardProps {
  node: GraphNode;
  info: NodeInfo;
  className: string;
}

/** A card of a large graph from afar: its title, and ports where they always are, so that wires keep their ends. */
export function SketchedCard({ node, info, className }: SketchedCardProps) {
  const measured = useCanvas((state) => state.sizes.get(node.id)?.height);
  const isRow = useIsRow(node.id);
  const height = measured ?? (isRow ? ROW.height : cardHeight(info));
  const top = (side: "source" | "target", port: string) => portTopOf(info, isRow, { side, port });
  const { ports } = shapeOf(info);
  return (
    <div
      className={cn(className, "card-sketched", isRow && "card-sketched-row")}
      style={{ width: CARD.width, height, "--tint": tintOf(info) } as CSSProperties}
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
