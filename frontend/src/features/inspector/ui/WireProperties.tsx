import { Trash2 } from "lucide-react";
import { portType } from "@/features/graph/model/connections/connection";
import { edgeId, nodeLabel } from "@/features/graph/model/document";
import { findEnd, isEnd } from "@/features/graph/model/scope";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { deleteSelection } from "@/features/graph/store/editing";
import { openReport, openScope, useGraph } from "@/features/graph/store/graph";
import { focusNode } from "@/features/graph/store/viewState";
import { ownValue } from "@/shared/lib/ownValue";
import { typeName } from "@/shared/lib/wires";
import { Button } from "@/shared/ui/Button";
import { PortShape } from "@/shared/ui/PortShape";

/** A wire: its type, its data, and its two ends. */
export function WireProperties({ id }: { id: string }) {
  const graph = useGraph(openScope);
  const report = useGraph(openReport);
  const types = useCatalogue((state) => state.types);
  const edge = graph.edges.find((item) => edgeId(item) === id);
  if (!edge) return null;
  const dtype =
    portType(graph, types, { node: edge.source, port: edge.source_output, side: "source" }) ?? "ANY";
  const text = ownValue(ownValue(report?.nodes, edge.source)?.outputs, edge.source_output)?.text;
  const ends = [
    { role: "From", node: edge.source, port: edge.source_output },
    { role: "To", node: edge.target, port: edge.target_input },
  ];
  return (
    <div className="flex flex-col gap-3 p-3">
      <p className="flex items-center gap-2">
        <PortShape dtype={dtype} />
        <span className="font-medium first-letter:uppercase">{typeName(dtype)}</span>
        {text && <span className="ml-auto font-mono text-muted text-sm">{text}</span>}
      </p>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-3 gap-y-1 text-sm">
        {ends.map(({ role, node, port }) => {
          const other = findEnd(graph, node);
          return (
            <div key={role} className="contents">
              <dt className="text-muted">{role}</dt>
              <dd>
                <button
                  type="button"
                  disabled={isEnd(node)}
                  onClick={() => focusNode(node)}
                  className="min-h-6 rounded-sm text-left enabled:hover:underline"
                >
                  {other ? nodeLabel(other) : node}{" "}
                  <span className="text-muted">· {port.replaceAll("_", " ")}</span>
                </button>
              </dd>
            </div>
          );
        })}
      </dl>
      <Button size="sm" variant="ghost" className="self-start text-danger!" onClick={deleteSelection}>
        <Trash2 aria-hidden className="size-3.5" /> Delete wire
      </Button>
    </div>
  );
}
