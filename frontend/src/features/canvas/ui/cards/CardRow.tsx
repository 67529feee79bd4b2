import type { CSSProperties } from "react";
import { portTopOf, ROW } from "@/features/graph/model/card";
import { paramLabel, paramValue, shapeOf, valueText } from "@/features/graph/model/catalogue";
import { openReport, useGraph } from "@/features/graph/store/graph";
import type { GraphNode, NodeInfo } from "@/shared/api/types";
import { categoryColor } from "@/shared/lib/categoryColor";
import { ownValue } from "@/shared/lib/ownValue";
import { Tooltip } from "@/shared/ui/Tooltip";
import { TypeIcon } from "@/shared/ui/TypeIcon";
import { GhostWire } from "../wires/GhostWire";
import { PassLines } from "../wires/PassLines";
import { CardActions, CardName, Repeats, RunMark, TypeHelp } from "./CardHeader";
import { RowProblem } from "./CardProblem";
import { Port } from "./Port";

/** A layer of a long model in one line: icon, name, main parameter and output shape. */
export function CardRow({ node, info }: { node: GraphNode; info: NodeInfo }) {
  const { ports, primary } = shapeOf(info);
  const [main] = primary;
  const [output] = info.outputs;
  const shape = useGraph(
    (state) => ownValue(ownValue(openReport(state)?.nodes, node.id)?.outputs, output?.name ?? "")?.text,
  );
  const top = (side: "source" | "target", port: string): number => portTopOf(info, true, { side, port });
  return (
    <div
      className="card-header card-row relative flex items-center gap-1.5 px-2.5"
      style={{ height: ROW.height, "--category-color": categoryColor(info) } as CSSProperties}
    >
      <Tooltip side="top" content={<TypeHelp info={info} node={node} />}>
        <span className="shrink-0 text-(--category-color)">
          <TypeIcon info={info} className="size-3.5" />
        </span>
      </Tooltip>
      <RowProblem id={node.id} />
      <div className="min-w-8 max-w-24 text-sm">
        <CardName node={node} />
      </div>
      <Repeats node={node} />
      {main && (
        <span className="min-w-0 shrink-[99] truncate text-muted text-xs" title={paramLabel(main)}>
          {valueText(paramValue(node, main))}
        </span>
      )}
      <RunMark id={node.id} />
      <span className="ml-auto shrink-0 font-mono text-muted text-xs" title={shape}>
        {shape?.replaceAll(", ", "×")}
      </span>
      <CardActions node={node} info={info} />
      {ports.map((spec) => (
        <Port key={spec.name} node={node.id} side="target" spec={spec} top={top("target", spec.name)} />
      ))}
      {info.outputs.map((spec) => (
        <Port key={spec.name} node={node.id} side="source" spec={spec} top={top("source", spec.name)} />
      ))}
      {node.disabled && <PassLines node={node} info={info} />}
      <GhostWire id={node.id} />
    </div>
  );
}
