import { rowsOf } from "@/lib/rows";
import { useCatalogue } from "@/store/catalogue";
import { openScope, useGraph } from "@/store/graph";

/** Whether a node is drawn as a row: a layer of a long model. */
export function useIsRow(id: string): boolean {
  const types = useCatalogue((state) => state.types);
  return useGraph((state) => rowsOf(openScope(state), types).has(id));
}
