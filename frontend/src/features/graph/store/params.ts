/** Actions on parameters: each commit is one undo step, for any number of nodes. */

import { type ParamTarget, resetParams as reset, setParams } from "@/features/graph/model/params";
import type { Json } from "@/shared/api/types";
import { edit } from "./graph";

export function commitParam(targets: readonly ParamTarget[], value: Json): void {
  edit((graph) => setParams(graph, targets, value));
}

export function resetParams(targets: readonly ParamTarget[]): void {
  edit((graph) => reset(graph, targets));
}
