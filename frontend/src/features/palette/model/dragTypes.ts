/** The kinds of data that what is dragged from the palette carries: a type, a block of the graph, one of the library. */
export const NODE_DRAG = "application/x-visdl-node";
export const BLOCK_DRAG = "application/x-visdl-block";
export const LIBRARY_DRAG = "application/x-visdl-library-block";
