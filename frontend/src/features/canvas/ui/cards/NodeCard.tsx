import { type NodeProps, useUpdateNodeInternals } from "@xyflow/react";
import { memo, use, useEffect, useMemo, useRef } from "react";
import { portsInUse } from "@/features/graph/model/blocks/blockInfo";
import { repeatsOf } from "@/features/graph/model/blocks/expandBlock";
import { CARD, hasPortRows } from "@/features/graph/model/card";
import { shapeOf } from "@/features/graph/model/catalogue";
import { findNode } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { openReport, openScope, useGraph } from "@/features/graph/store/graph";
import { useNodeInfo } from "@/features/graph/store/useNodeInfo";
import { useViewState } from "@/features/graph/store/viewState";
import type { GraphNode, NodeInfo } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { ownValue } from "@/shared/lib/ownValue";
import type { CardNode } from "../flow/view";
import { useIsOverview } from "../overview/levelOfDetail";
import { OverviewCard } from "../overview/OverviewCard";
import { GhostWire } from "../wires/GhostWire";
import { PassLines } from "../wires/PassLines";
import { CardHeader } from "./CardHeader";
import { CardProblem } from "./CardProblem";
import { CardRow } from "./CardRow";
import { InlineParamsContext } from "./inlineParams";
import { Port, type PortSpec } from "./Port";
import { useIsRow } from "./useIsRow";
import { useRunState } from "./useRunState";

type NodeCardProps = Pick<NodeProps<CardNode>, "id" | "selected">;

/**
 * A node on the canvas. React Flow knows its id and position; its content comes from the document. It is not drawn
 * again where it moves or is measured.
 */
export const NodeCard = memo(
  DrawnCard,
  (one, other) => one.id === other.id && one.selected === other.selected,
);

function DrawnCard({ id, selected }: NodeCardProps) {
  const node = useGraph((state) => findNode(openScope(state), id));
  const info = useNodeInfo(node);
  const status = useGraph((state) => ownValue(openReport(state)?.nodes, id)?.status ?? "ok");
  const run = useRunState(id);
  const found = useViewState((state) => state.found.has(id));
  const overview = useIsOverview();
  useFreshPorts(id, info);
  if (!node) return null;
  const look = cn(
    "card",
    selected && "card-selected",
    found && "card-found",
    node.disabled && "card-disabled",
    status === "error" && "card-error",
    status === "blocked" && "card-blocked",
    run === "running" && "card-running",
    blockOf(node) !== undefined && "card-block",
    repeatsOf(node) > 1 && "card-repeated",
  );
  if (overview && info) return <OverviewCard node={node} info={info} className={look} />;
  return (
    <div style={{ width: CARD.width }} className={look}>
      {info ? <Body node={node} info={info} /> : <UnknownType node={node} />}
    </div>
  );
}

/** Have React Flow measure the ports again when they change, because a card may keep its size. */
function useFreshPorts(id: string, form: NodeInfo | boolean | undefined): void {
  const update = useUpdateNodeInternals();
  const drawn = useRef(form);
  useEffect(() => {
    if (drawn.current === form) return;
    drawn.current = form;
    update(id);
  }, [id, form, update]);
}

const Body = memo(function Body({ node, info }: { node: GraphNode; info: NodeInfo }) {
  const isRow = useIsRow(node.id);
  const InlineParams = use(InlineParamsContext);
  const { ports, primary } = shapeOf(info);
  const rows = hasPortRows(info);
  useFreshPorts(node.id, isRow);
  if (isRow) return <CardRow node={node} info={info} />;
  return (
    <>
      <CardHeader node={node} info={info}>
        {!rows && <Ports node={node} inputs={ports} outputs={info.outputs} />}
      </CardHeader>
      {node.disabled && <PassLines node={node} info={info} />}
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
      {InlineParams && primary.length > 0 && <InlineParams node={node} params={primary} />}
      <CardProblem id={node.id} />
    </>
  );
});

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

/** A type that this server does not know: its wires stay visible, and so does the error. */
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
      <CardProblem id={node.id} />
    </>
  );
}
