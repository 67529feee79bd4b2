/** A node as a sentence for screen readers: "Linear, fc1, out features 64, input connected, output B by 64". */

import { paramLabel, paramValue, shapeOf, valueText } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import type { Graph, GraphNode, NodeInfo, NodeReport } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

const STATUS: Record<string, string> = {
  error: "has a problem",
  blocked: "blocked by an upstream problem",
  disabled: "disabled",
};

/** The inputs of each node that have a wire. */
export type Wired = ReadonlyMap<string, ReadonlySet<string>>;

const described = new WeakMap<GraphNode, { of: readonly unknown[]; text: string }>();

/** Describe a node; cached for the same node, type, wires and report, because a drag asks at every move. */
export function describeNode(
  node: GraphNode,
  info: NodeInfo | undefined,
  wired: Wired,
  report: NodeReport | undefined,
): string {
  const of = [info, wired, report];
  const known = described.get(node);
  if (known?.of.every((part, place) => part === of[place])) return known.text;
  const text = describe(node, info, wired.get(node.id) ?? NONE, report);
  described.set(node, { of, text });
  return text;
}

const NONE: ReadonlySet<string> = new Set();

function describe(
  node: GraphNode,
  info: NodeInfo | undefined,
  connected: ReadonlySet<string>,
  report: NodeReport | undefined,
): string {
  if (!info) return `${nodeLabel(node)}, unknown type ${node.type}`;
  const { ports, primary } = shapeOf(info);
  const parts = [
    info.display_name,
    nodeLabel(node) !== info.display_name && nodeLabel(node),
    ...primary.map((param) => `${paramLabel(param)} ${valueText(paramValue(node, param))}`),
    ...ports.map((port) => `${port.name} ${connected.has(port.name) ? "connected" : "not connected"}`),
    ...info.outputs.map((output) => {
      const text = ownValue(report?.outputs, output.name)?.text;
      return text && `${output.name} ${text.replaceAll(", ", " by ")}`;
    }),
    node.disabled ? STATUS.disabled : STATUS[report?.status ?? ""],
  ];
  return parts.filter(Boolean).join(", ");
}

const wirings = new WeakMap<Graph["edges"], Wired>();

/** Return the connected inputs; the same map for the same wires. */
export function connectedInputs({ edges }: Pick<Graph, "edges">): Wired {
  const known = wirings.get(edges);
  if (known) return known;
  const found = new Map<string, Set<string>>();
  for (const { target, target_input } of edges) {
    const ports = found.get(target);
    if (ports) ports.add(target_input);
    else found.set(target, new Set([target_input]));
  }
  wirings.set(edges, found);
  return found;
}
