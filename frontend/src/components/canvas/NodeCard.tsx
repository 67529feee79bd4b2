import { type NodeProps, useUpdateNodeInternals } from "@xyflow/react";
import { memo, useEffect, useMemo, useRef } from "react";
import type { GraphNode, NodeInfo } from "@/api/types";
import { useNodeInfo } from "@/hooks/useNodeInfo";
import { portsInUse } from "@/lib/blockInfo";
import { CARD, hasPortRows } from "@/lib/card";
import { shapeOf } from "@/lib/catalogue";
import { cn } from "@/lib/cn";
import { repeatsOf } from "@/lib/dissolve";
import { findNode } from "@/lib/document";
import { blockOf } from "@/lib/rewire";
import { openReport, openScope, useGraph } from "@/store/graph";
import { CardHeader } from "./CardHeader";
import { CardProblem } from "./CardProblem";
import type { CardNode } from "./flow";
import { GhostWire } from "./GhostWire";
import { InlineParams } from "./InlineParams";
import { NodeMenuArea } from "./NodeMenu";
import { Port, type PortSpec } from "./Port";
import { useRunState } from "./useRunState";

/** A node on the canvas. React Flow knows its id and place; what it says comes from the document. */
export const NodeCard = memo(function NodeCard({ id, selected }: NodeProps<CardNode>) {
  const node = useGraph((state) => findNode(openScope(state), id));
  const info = useNodeInfo(node);
  const status = useGraph((state) => openReport(state)?.nodes[id]?.status ?? "ok");
  const run = useRunState(id);
  useFreshPorts(id, info);
  if (!node) return null;
  return (
    <NodeMenuArea node={node} info={info}>
      <div
        style={{ width: CARD.width }}
        className={cn(
          "card",
          selected && "card-selected",
          node.disabled && "card-disabled",
          status === "error" && "card-error",
          status === "blocked" && "card-blocked",
          run === "running" && "card-running",
          blockOf(node) !== undefined && "card-block",
          repeatsOf(node) > 1 && "card-stacked",
        )}
      >
        {info ? <Body node={node} info={info} /> : <UnknownType node={node} />}
        <CardProblem id={id} />
      </div>
    </NodeMenuArea>
  );
});

/** Has React Flow look for the ports again when the type becomes known, or another: a card may keep its size then. */
function useFreshPorts(id: string, info: NodeInfo | undefined): void {
  const update = useUpdateNodeInternals();
  const drawn = useRef(info);
  useEffect(() => {
    if (drawn.current === info) return;
    drawn.current = info;
    update(id);
  }, [id, info, update]);
}

function Body({ node, info }: { node: GraphNode; info: NodeInfo }) {
  const { ports, primary } = shapeOf(info);
  const rows = hasPortRows(info);
  return (
    <>
      <CardHeader node={node} info={info}>
        {!rows && <Ports node={node} inputs={ports} outputs={info.outputs} />}
      </CardHeader>
      <GhostWire id={node.id} />
      {rows && (
        <div style={{ paddingBottom: CARD.pad }}>
          {Array.from({ length: Math.max(ports.length, info.outputs.length) }, (_, row) => (
            <PortRow
              key={ports[row]?.name ?? info.outputs[row]?.name}
              node={node}
              input={ports[row]}
              output={info.outputs[row]}
            />
          ))}
        </div>
      )}
      {primary.length > 0 && <InlineParams node={node} params={primary} />}
    </>
  );
}

function Ports({ node, inputs, outputs }: { node: GraphNode; inputs: PortSpec[]; outputs: PortSpec[] }) {
  return (
    <>
      {inputs.map((spec) => (
        <Port key={spec.name} node={node.id} side="target" spec={spec} />
      ))}
      {outputs.map((spec) => (
        <Port key={spec.name} node={node.id} side="source" spec={spec} />
      ))}
    </>
  );
}

interface PortRowProps {
  node: GraphNode;
  input: PortSpec | undefined;
  output: PortSpec | undefined;
}

function PortRow({ node, input, output }: PortRowProps) {
  return (
    <div
      className="relative flex items-center justify-between gap-2 px-3 text-muted text-xs"
      style={{ height: CARD.port }}
    >
      <span className="truncate">{input?.name.replaceAll("_", " ")}</span>
      <span className="truncate">{output?.name.replaceAll("_", " ")}</span>
      <Ports node={node} inputs={input ? [input] : []} outputs={output ? [output] : []} />
    </div>
  );
}

/** A type that this server does not know: its wires stay visible, and so does what is missing. */
function UnknownType({ node }: { node: GraphNode }) {
  const scope = useGraph(openScope);
  const [inputs, outputs] = useMemo(() => {
    const names = portsInUse(scope, node.id);
    const specs = (list: string[]): PortSpec[] =>
      list.map((name) => ({ name, dtype: "ANY", description: "" }));
    return [specs(names.inputs), specs(names.outputs)];
  }, [scope, node.id]);
  return (
    <>
      <CardHeader node={node} info={undefined} />
      {Array.from({ length: Math.max(inputs.length, outputs.length) }, (_, row) => (
        <PortRow
          key={inputs[row]?.name ?? outputs[row]?.name}
          node={node}
          input={inputs[row]}
          output={outputs[row]}
        />
      ))}
    </>
  );
}
