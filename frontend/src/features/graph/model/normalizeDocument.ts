/**
 * Normalize a stored value to a document that can be drawn. Unusable parts are quarantined under a key of the
 * document, and every save and export keeps them.
 */
import type { Block, Edge, Graph, GraphNode, Json, Position } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { FORMAT } from "./document";
import { freeId } from "./names";

const ASIDE = "unreadable";
/** No node is placed further out by hand. */
const FAR = 1e6;

export interface NormalizedDocument {
  graph: Graph;
  /** What was changed, one sentence each; empty if the document was valid. */
  repairs: string[];
}

interface Part {
  nodes: GraphNode[];
  edges: Edge[];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const textOr = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Return the document with what was repaired; the same object if it was valid. */
export function normalizeDocument(value: unknown): NormalizedDocument {
  if (isSound(value)) return { graph: value, repairs: [] };
  const raw = isRecord(value) ? value : {};
  const normalizer = new DocumentNormalizer();
  const part = normalizer.part(raw, "");
  const blocks = isRecord(raw.blocks) ? raw.blocks : {};
  const graph = {
    ...raw,
    format: FORMAT,
    name: textOr(raw.name, "Untitled"),
    ...part,
    blocks: Object.fromEntries(
      Object.entries(blocks).map(([id, block]) => [id, normalizer.block(id, block)]),
    ),
    ...(normalizer.aside.length > 0 && { [ASIDE]: [...listOf(raw[ASIDE]), ...normalizer.aside] }),
  } as Graph;
  return { graph, repairs: normalizer.repairs };
}

function isSound(value: unknown): value is Graph {
  if (!isRecord(value) || typeof value.name !== "string" || !isRecord(value.blocks)) return false;
  return [value, ...Object.values(value.blocks)].every(isSoundPart);
}

function isSoundPart(part: unknown): boolean {
  if (!isRecord(part) || !Array.isArray(part.nodes) || !Array.isArray(part.edges)) return false;
  const ids = new Set(part.nodes.map((node) => (isRecord(node) ? node.id : undefined)));
  return ids.size === part.nodes.length && part.nodes.every(isSoundNode) && part.edges.every(isEdge);
}

function isSoundNode(node: unknown): boolean {
  return (
    isNode(node) &&
    typeof node.name === "string" &&
    typeof node.disabled === "boolean" &&
    isRecord(node.params) &&
    (node.position === null || isPlace(node.position))
  );
}

function isNode(node: unknown): node is Record<string, unknown> & { id: string; type: string } {
  return isRecord(node) && typeof node.id === "string" && node.id !== "" && typeof node.type === "string";
}

function isPlace(value: unknown): value is Position {
  const near = (number: unknown): boolean => typeof number === "number" && Math.abs(number) <= FAR;
  return isRecord(value) && near(value.x) && near(value.y);
}

const ENDS = ["source", "source_output", "target", "target_input"];

function isEdge(edge: unknown): edge is Edge {
  return isRecord(edge) && ENDS.every((end) => typeof edge[end] === "string");
}

class DocumentNormalizer {
  readonly repairs: string[] = [];
  readonly aside: Json[] = [];

  /** Return the valid nodes and wires of a graph or a block; `where` starts the sentences about them. */
  part(raw: Record<string, unknown>, where: string): Part {
    const nodes = this.usable(listOf(raw.nodes), isNode, `${where}node`).map(complete);
    const edges = this.usable(listOf(raw.edges), isEdge, `${where}wire`);
    return { nodes: this.apart(nodes, where), edges };
  }

  block(id: string, raw: unknown): Block {
    const record = isRecord(raw) ? raw : {};
    const own = (value: unknown): object => (isRecord(value) ? value : {});
    return {
      ...record,
      name: textOr(record.name, id),
      ...this.part(record, `block ${textOr(record.name, id)}: `),
      inputs: own(record.inputs),
      outputs: own(record.outputs),
      params: own(record.params),
    } as Block;
  }

  private usable<Item>(items: unknown[], is: (item: unknown) => item is Item, what: string): Item[] {
    const lost = items.filter((item) => !is(item));
    if (lost.length > 0) {
      this.aside.push(...(lost as Json[]));
      this.repairs.push(
        `${plural(lost.length, what)} could not be read; the document keeps the original data.`,
      );
    }
    return items.filter(is);
  }

  /** Give each node a unique id; wires stay with the first node that had it. */
  private apart(nodes: GraphNode[], where: string): GraphNode[] {
    const taken = new Set(nodes.map((node) => node.id));
    const seen = new Set<string>();
    return nodes.map((node) => {
      if (!seen.has(node.id)) {
        seen.add(node.id);
        return node;
      }
      const id = freeId(taken, node.id);
      taken.add(id);
      this.repairs.push(
        `${where}Two nodes have the id ${node.id}: one is called ${id} here, and the wires stay with the other node.`,
      );
      return { ...node, id };
    });
  }
}

/** Return a node with id and type, with everything else filled in. */
function complete(node: Record<string, unknown> & { id: string; type: string }): GraphNode {
  return {
    ...node,
    name: textOr(node.name, ""),
    disabled: node.disabled === true,
    version: typeof node.version === "number" ? node.version : 1,
    params: isRecord(node.params) ? node.params : {},
    position: isPlace(node.position) ? node.position : null,
  } as GraphNode;
}
