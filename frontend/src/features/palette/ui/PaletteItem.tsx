import type { DragEvent, ReactNode } from "react";
import { addAtCentre } from "@/features/graph/store/editing";
import { NODE_DRAG } from "@/features/palette/model/dragTypes";
import { setPaletteDrag } from "@/features/palette/store/paletteDrag";
import type { NodeInfo } from "@/shared/api/types";
import { categoryColor } from "@/shared/lib/categoryColor";
import { Tooltip } from "@/shared/ui/Tooltip";
import { TypeIcon } from "@/shared/ui/TypeIcon";

interface PaletteItemProps {
  info: NodeInfo;
  /** The data of its drag, by type. */
  drag?: readonly [kind: string, data: string];
  onAdd?: () => void;
  /** Shown over its end, such as a menu. */
  aside?: ReactNode;
}

export function PaletteItem({
  info,
  drag = [NODE_DRAG, info.type],
  onAdd = () => addAtCentre(info),
  aside,
}: PaletteItemProps) {
  const onDragStart = (event: DragEvent): void => {
    event.dataTransfer.setData(...drag);
    event.dataTransfer.effectAllowed = "copy";
    setPaletteDrag(drag);
  };
  return (
    <li className="group relative">
      <Tooltip side="right" content={<Help info={info} />}>
        <button
          type="button"
          data-item
          draggable
          onDragStart={onDragStart}
          onDragEnd={() => setPaletteDrag(null)}
          onDoubleClick={onAdd}
          onKeyDown={(event) => event.key === "Enter" && onAdd()}
          className="flex h-7 w-full cursor-grab items-center gap-2 rounded-md px-1.5 text-left hover:bg-raised active:cursor-grabbing"
        >
          <span style={{ color: categoryColor(info) }} className="shrink-0">
            <TypeIcon info={info} className="size-4" />
          </span>
          <span className="truncate">{info.display_name}</span>
          {info.source !== "built-in" && <span className="ml-auto truncate text-muted text-xs">custom</span>}
        </button>
      </Tooltip>
      {aside}
    </li>
  );
}

function Help({ info }: { info: NodeInfo }) {
  return (
    <span className="block max-w-64 py-0.5">
      <span className="block">{info.description}</span>
      {info.formula && <span className="mt-1 block font-mono text-muted text-xs">{info.formula}</span>}
      {info.source !== "built-in" && (
        <span className="mt-1 block text-muted text-xs">From {info.source}</span>
      )}
    </span>
  );
}
