/** The kind of data that a node type dragged from the palette carries: its type name. */
export const NODE_DRAG = "application/x-visdl-node";
