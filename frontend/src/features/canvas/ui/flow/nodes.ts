/** The nodes that React Flow draws: cards, frames, groups, notes and a block's own ports. */

import { connectedInputs, describeNode } from "@/features/canvas/model/describe";
import { noteKey } from "@/features/graph/model/annotations";
import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { CARD, GRID, portsHeight } from "@/features/graph/model/card";
import { frameRect, groupRect, type Rect } from "@/features/graph/model/layout/frames";
import { INPUTS, OUTPUTS, openBlock } from "@/features/graph/model/scope";
import { ownValue } from "@/shared/lib/ownValue";
import {
  type CanvasNode,
  FOLDED,
  type FrameRects,
  foldedHeight,
  foldedPorts,
  frameId,
  GROUP_ID,
  type Keep,
  rectsOf,
  type StandIns,
  type View,
} from "./view";

export function frameNodes(
  view: View,
  frames: FrameRects,
  standing: StandIns,
  keep: Keep<CanvasNode>,
): CanvasNode[] {
  return [...frames].map(([kind, rect]) => {
    const folded = view.folded.has(kind);
    const ports = folded ? foldedPorts(view.graph, standing, frameId(kind)) : null;
    const size = ports ? { width: FOLDED.width, height: foldedHeight(ports) } : rect;
    const { width, height } = size;
    const id = frameId(kind);
    return keep(id, [rect.x, rect.y, width, height, folded, folded && view.graph.edges], () => ({
      id,
      type: "frame",
      position: { x: rect.x, y: rect.y },
      width,
      height,
      measured: { width, height },
      data: { kind, ports },
      selectable: false,
      focusable: false,
      zIndex: folded ? 1 : -2,
      dragHandle: ".frame-title",
    }));
  });
}

export function groupNodes(
  view: View,
  rects: ReadonlyMap<string, Rect>,
  standing: StandIns,
  keep: Keep<CanvasNode>,
): CanvasNode[] {
  return view.graph.groups.flatMap((group) => {
    const id = `${GROUP_ID}${group.id}`;
    const rect = groupRect(group, rects, (node) => ![undefined, id].includes(standing.get(node)));
    if (!rect) return [];
    const ports = group.folded ? foldedPorts(view.graph, standing, id) : null;
    const { width, height } = ports ? { width: FOLDED.width, height: foldedHeight(ports) } : rect;
    return keep(id, [rect.x, rect.y, width, height, group, group.folded && view.graph.edges], () => ({
      id,
      type: "grouping",
      position: { x: rect.x, y: rect.y },
      width,
      height,
      measured: { width, height },
      data: { group, ports },
      selectable: false,
      focusable: false,
      // Above wires, which would cover its title; the rest of it lets the pointer through.
      zIndex: 1,
      dragHandle: ".frame-title",
    }));
  });
}

export function noteNodes({ graph, dragged, nodes }: View, keep: Keep<CanvasNode>): CanvasNode[] {
  return graph.notes.map((note) => {
    const id = noteKey(note.id);
    const selected = nodes.has(id);
    const { x, y } = dragged.get(id) ?? note.position;
    return keep(id, [x, y, note, selected], () => ({
      id,
      type: "note",
      position: { x, y },
      width: note.width,
      height: note.height,
      measured: { width: note.width, height: note.height },
      data: { note },
      selected,
      zIndex: 2,
      ariaLabel: `Note: ${note.text || "empty"}`,
    }));
  });
}

const PORTS_GAP = 70;
const snap = (value: number): number => Math.round(value / GRID) * GRID;

/**
 * Return the rectangles of the cards of a block's own ports: beside the inner nodes, in the middle of their
 * height.
 */
export function portsRects(view: View): Map<string, Rect> {
  const open = openBlock(view.graph);
  if (!open) return new Map();
  // By the positions in the document: dragged nodes do not move them.
  const box = frameRect([...rectsOf({ ...view, dragged: new Map() }).values()]);
  const { x, y, width, height } = box ?? { x: -CARD.width / 2, y: 0, width: CARD.width, height: 0 };
  const rect = (count: number, left: number): Rect => {
    const tall = portsHeight(count);
    return { x: snap(left), y: snap(y + (height - tall) / 2), width: CARD.width, height: tall };
  };
  return new Map([
    [INPUTS, rect(open.inputs.length, x - PORTS_GAP - CARD.width)],
    [OUTPUTS, rect(open.outputs.length, x + width + PORTS_GAP)],
  ]);
}

export function portsNodes(
  view: View,
  rects: ReadonlyMap<string, Rect>,
  keep: Keep<CanvasNode>,
): CanvasNode[] {
  return [INPUTS, OUTPUTS].flatMap((id) => {
    const rect = rects.get(id);
    if (!rect) return [];
    const measured = view.sizes.get(id);
    return keep(id, [rect.x, rect.y, measured], () => ({
      id,
      type: "ports",
      position: { x: rect.x, y: rect.y },
      data: {},
      ...(measured && { measured }),
      selectable: false,
      draggable: false,
      focusable: false,
      // Its names and buttons take the pointer although the card itself does not.
      style: { pointerEvents: "all" },
    }));
  });
}

export function cardNodes(
  view: View,
  rects: ReadonlyMap<string, Rect>,
  standing: StandIns,
  keep: Keep<CanvasNode>,
): CanvasNode[] {
  const { graph, types, report, sizes, nodes } = view;
  const wired = connectedInputs(graph);
  return graph.nodes.map((node) => {
    const { x = 0, y = 0 } = rects.get(node.id) ?? {};
    const measured = sizes.get(node.id);
    const selected = nodes.has(node.id);
    const hidden = standing.has(node.id);
    const ariaLabel = describeNode(node, infoOf(graph, types, node), wired, ownValue(report?.nodes, node.id));
    return keep(node.id, [x, y, measured, selected, hidden, ariaLabel], () => ({
      id: node.id,
      type: "card",
      position: { x, y },
      data: {},
      ...(measured && { measured }),
      selected,
      hidden,
      ariaLabel,
    }));
  });
}
