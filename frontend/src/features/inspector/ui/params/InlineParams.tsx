import { CARD } from "@/features/graph/model/card";
import { type NamedInput, paramLabel, paramValue } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import { helpOf, isTyped } from "@/features/graph/model/values";
import { commitParam } from "@/features/graph/store/params";
import type { GraphNode } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { ExposedMark } from "./ExposeToggle";
import { ParamControl } from "./ParamControl";

/** The primary parameters on the card. */
export function InlineParams({ node, params }: { node: GraphNode; params: NamedInput[] }) {
  return (
    <div className="px-2.5" style={{ paddingBottom: CARD.pad }}>
      {params.map((param) => {
        const id = `card-${node.id}-${param.name}`;
        const wide = param.widget !== null || param.dtype === "STRING";
        return (
          <div
            key={param.name}
            className="flex items-center justify-between gap-2"
            style={{ height: CARD.param }}
          >
            <label
              htmlFor={id}
              title={helpOf(param)}
              className={cn("flex min-w-0 items-center gap-1 text-muted text-xs", wide && "w-16 shrink-0")}
            >
              <span className="truncate">{paramLabel(param)}</span>
              <ExposedMark node={node} param={param} />
            </label>
            <div
              className={cn(
                "nodrag nopan flex min-w-0 justify-end",
                wide ? "grow" : isTyped(param) ? "w-20 shrink-0" : "w-14 shrink-0",
              )}
            >
              <ParamControl
                id={id}
                node={node}
                param={param}
                value={paramValue(node, param)}
                onCommit={(value) => commitParam([{ node, param }], value)}
                compact
                label={`${paramLabel(param)} of ${nodeLabel(node)}`}
              />
            </div>
          </div>
        );
      })}
    </div>
  );
}
