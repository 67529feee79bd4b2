import type { NodeInfo } from "@/shared/api/types";

const PARTS = ["layer", "operation", "block", "scheduler"];

/** Whether a study can take nodes of this type out: parts of the model or its training that can be switched off. */
export const isStudyPart = (info: NodeInfo | undefined): boolean =>
  info?.can_disable === true && PARTS.includes(info.kind);
