import { shapeOf } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import { findEnd, isEnd } from "@/features/graph/model/scope";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { focusNode } from "@/features/graph/store/viewState";
import type { GraphNode, NodeInfo, NodeReport } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { typeName } from "@/shared/lib/wires";
import { PortShape } from "@/shared/ui/PortShape";
import { Section } from "./Section";

interface PortListProps {
  node: GraphNode;
  info: NodeInfo;
  report: NodeReport | undefined;
}

/** The ports with their shapes, and where their wires lead. */
export function PortList({ node, info, report }: PortListProps) {
  const edges = useGraph((state) => openScope(state).edges);
  const { ports } = shapeOf(info);
  if (ports.length + info.outputs.length === 0) return null;
  const into = (name: string): string[] =>
    edges.filter((edge) => edge.target === node.id && edge.target_input === name).map((edge) => edge.source);
  const outOf = (name: string): string[] =>
    edges.filter((edge) => edge.source === node.id && edge.source_output === name).map((edge) => edge.target);
  return (
    <Section title="Ports">
      <ul className="flex flex-col gap-1">
        {ports.map((port) => (
          <Row
            key={port.name}
            name={port.name}
            dtype={port.dtype}
            text={ownValue(report?.inputs, port.name)?.text ?? ""}
            ends={into(port.name)}
            missing={port.required ? "required" : report?.reads_input ? "model input" : "optional"}
            side="from"
          />
        ))}
        {info.outputs.map((output) => (
          <Row
            key={output.name}
            name={output.name}
            dtype={output.dtype}
            text={ownValue(report?.outputs, output.name)?.text ?? ""}
            ends={outOf(output.name)}
            missing="unused"
            side="to"
          />
        ))}
      </ul>
    </Section>
  );
}

interface RowProps {
  name: string;
  dtype: string;
  text: string;
  ends: string[];
  missing: string;
  side: "from" | "to";
}

function Row({ name, dtype, text, ends, missing, side }: RowProps) {
  const graph = useGraph(openScope);
  return (
    <li className="text-sm">
      <div className="flex min-h-6 items-center gap-2">
        <PortShape dtype={dtype} />
        <span title={typeName(dtype)}>{name.replaceAll("_", " ")}</span>
        <span className="ml-auto truncate font-mono text-muted text-xs">{text}</span>
      </div>
      <div className="flex flex-wrap items-center gap-x-2 pl-5 text-muted text-xs">
        <span>{ends.length > 0 ? side : missing}</span>
        {ends.map((id) => {
          const other = findEnd(graph, id);
          return (
            other && (
              <button
                key={id}
                type="button"
                disabled={isEnd(id)}
                onClick={() => focusNode(id)}
                className="min-h-6 max-w-40 truncate rounded-sm text-text enabled:hover:underline"
              >
                {nodeLabel(other)}
              </button>
            )
          );
        })}
      </div>
    </li>
  );
}
