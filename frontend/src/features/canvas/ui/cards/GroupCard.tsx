import type { NodeProps } from "@xyflow/react";
import { ChevronDown, Power } from "lucide-react";
import { memo } from "react";
import { groupItems } from "@/features/commands/ui/menus";
import { changeGroup, selectGroup, titleKey, toggleGroup } from "@/features/graph/store/annotations";
import { openReport, openScope, useGraph } from "@/features/graph/store/graph";
import { endRename, startRename, useViewState } from "@/features/graph/store/viewState";
import type { Group } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { plural } from "@/shared/lib/format";
import { NameField } from "@/shared/ui/fields/NameField";
import { IconButton } from "@/shared/ui/IconButton";
import { MoreMenuButton } from "@/shared/ui/MoreMenuButton";
import type { GroupNode } from "../flow/view";
import { FoldedPorts } from "./FrameCard";

/** A user's own frame around nodes; folded, a small card with the wires that cross its border. */
export const GroupCard = memo(function GroupCard({ data: { group, ports } }: NodeProps<GroupNode>) {
  const members = useGraph(
    (state) => openScope(state).nodes.filter(({ id }) => group.nodes.includes(id)).length,
  );
  const problems = useGraph(
    (state) =>
      openReport(state)?.diagnostics.filter(
        (one) => one.severity === "error" && group.nodes.includes(one.node ?? ""),
      ).length ?? 0,
  );
  const off = useGraph((state) =>
    openScope(state).nodes.every((node) => node.disabled || !group.nodes.includes(node.id)),
  );
  const aimed = useViewState((state) => state.intoGroup === group.id);
  const title = group.title || "Group";
  const label = `Group ${title}, ${plural(members, "node")}${group.folded ? ", folded" : ""}${off ? ", disabled" : ""}`;
  return (
    <section
      aria-label={label}
      className={cn("frame group-frame", ports && "frame-folded", aimed && "group-aim", off && "group-off")}
      data-color={group.color || undefined}
    >
      <div className="frame-title">
        <IconButton
          size="sm"
          tone="row"
          label={`${group.folded ? "Unfold" : "Fold"} ${title}`}
          tip={null}
          aria-expanded={!group.folded}
          onClick={() => changeGroup(group.id, { folded: !group.folded })}
          className="nodrag"
        >
          <ChevronDown className={cn("transition-transform duration-100", group.folded && "-rotate-90")} />
        </IconButton>
        <Title group={group} />
        <span className="shrink-0 text-muted text-sm">{plural(members, "node")}</span>
        {problems > 0 && group.folded && (
          <span className="shrink-0 font-medium text-danger text-sm">{plural(problems, "problem")}</span>
        )}
        <span className="group-actions nodrag">
          <IconButton
            size="sm"
            side="top"
            label={off ? "Enable the group" : "Disable the group: pass inputs through"}
            active={off}
            onClick={() => toggleGroup(group)}
          >
            <Power />
          </IconButton>
          <MoreMenuButton
            label={`More for the group ${title}`}
            items={() => groupItems(group)}
            tone="panel"
          />
        </span>
      </div>
      {ports && <FoldedPorts ports={ports} />}
    </section>
  );
});

function Title({ group }: { group: Group }) {
  const renaming = useViewState((state) => state.renaming === titleKey(group.id));
  const title = group.title || "Group";
  if (renaming) {
    return (
      <NameField
        label={`Title of the group ${title}`}
        value={group.title}
        onCommit={(text) => changeGroup(group.id, { title: text })}
        onLeave={endRename}
        className="w-40"
      />
    );
  }
  return (
    <button
      type="button"
      title={`${title}: a click selects its nodes, a double click renames it`}
      onClick={() => selectGroup(group)}
      onDoubleClick={() => startRename(titleKey(group.id))}
      onKeyDown={(event) => event.key === "F2" && startRename(titleKey(group.id))}
      className="min-w-0 truncate rounded-sm font-semibold text-text"
    >
      {title}
    </button>
  );
}
