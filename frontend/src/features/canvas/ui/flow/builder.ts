/** The document as React Flow draws it. Unchanged objects stay the same. */
import { cardNodes, frameNodes, groupNodes, noteNodes, portsNodes, portsRects } from "./nodes";
import { type CanvasNode, frameRects, Kept, rectsOf, standIns, type View, type WireEdge } from "./view";
import { wireEdges } from "./wires";

/** Build React Flow's nodes and wires from a view of the document. */
export class FlowBuilder {
  private readonly nodes = new Kept<CanvasNode>();
  private readonly edges = new Kept<WireEdge>();

  build(view: View): { nodes: CanvasNode[]; edges: WireEdge[] } {
    const rects = rectsOf(view);
    const frames = frameRects(view, rects);
    for (const [id, rect] of portsRects(view)) rects.set(id, rect);
    const standing = standIns(view);
    return {
      nodes: this.nodes.through((keep) => [
        ...frameNodes(view, frames, standing, keep),
        ...groupNodes(view, rects, standing, keep),
        ...portsNodes(view, rects, keep),
        ...noteNodes(view, keep),
        ...cardNodes(view, rects, standing, keep),
      ]),
      edges: this.edges.through((keep) => wireEdges(view, rects, frames, standing, keep)),
    };
  }
}
