import { rowsOf } from "@/features/graph/model/layout/rows";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";

/** Whether a node is drawn as a row: a layer of a long model. */
export function useIsRow(id: string): boolean {
  const types = useCatalogue((state) => state.types);
  return useGraph((state) => rowsOf(openScope(state), types).has(id));
}
