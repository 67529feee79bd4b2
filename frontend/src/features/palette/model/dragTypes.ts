/** Data types of drags from the palette: a node type, a block of the graph, a block of the library. */
export const NODE_DRAG = "application/x-visdl-node";
export const BLOCK_DRAG = "application/x-visdl-block";
export const LIBRARY_DRAG = "application/x-visdl-library-block";
