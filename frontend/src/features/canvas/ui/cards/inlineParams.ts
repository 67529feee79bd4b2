import { type ComponentType, createContext } from "react";
import type { NamedInput } from "@/features/graph/model/catalogue";
import type { GraphNode } from "@/shared/api/types";

/** Edits the primary parameters on a card. The app provides it, because the inspector owns the controls. */
export const InlineParamsContext = createContext<ComponentType<{
  node: GraphNode;
  params: NamedInput[];
}> | null>(null);
