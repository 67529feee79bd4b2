import { type ComponentType, createContext } from "react";
import type { NamedInput } from "@/features/graph/model/catalogue";
import type { GraphNode } from "@/shared/api/types";

/** What edits the primary parameters on a card. The app supplies it, because the inspector owns the controls. */
export const InlineParamsContext = createContext<ComponentType<{
  node: GraphNode;
  params: NamedInput[];
}> | null>(null);
