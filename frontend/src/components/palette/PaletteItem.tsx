import type { DragEvent } from "react";
import type { NodeInfo } from "@/api/types";
import { Tooltip } from "@/components/ui/Tooltip";
import { TypeIcon, tintOf } from "@/components/ui/TypeIcon";
import { NODE_DRAG } from "@/lib/drag";
import { addAtCentre } from "@/store/editing";

export function PaletteItem({ info }: { info: NodeInfo }) {
  const onDragStart = (event: DragEvent): void => {
    event.dataTransfer.setData(NODE_DRAG, info.type);
    event.dataTransfer.effectAllowed = "copy";
  };
  return (
    <li>
      <Tooltip side="right" content={<Help info={info} />}>
        <button
          type="button"
          data-item
          draggable
          onDragStart={onDragStart}
          onDoubleClick={() => addAtCentre(info)}
          onKeyDown={(event) => event.key === "Enter" && addAtCentre(info)}
          className="flex h-7 w-full cursor-grab items-center gap-2 rounded-md px-1.5 text-left hover:bg-raised active:cursor-grabbing"
        >
          <span style={{ color: tintOf(info) }} className="shrink-0">
            <TypeIcon info={info} className="size-4" />
          </span>
          <span className="truncate">{info.display_name}</span>
          {info.source !== "built-in" && <span className="ml-auto truncate text-muted text-xs">custom</span>}
        </button>
      </Tooltip>
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
