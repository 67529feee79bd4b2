import { type KeyboardEvent, useState } from "react";
import type { GraphNode, NodeInfo, Position } from "@/api/types";
import { SearchField } from "@/components/ui/SearchField";
import { TypeIcon, tintOf } from "@/components/ui/TypeIcon";
import { addable } from "@/lib/addable";
import { infoAt } from "@/lib/blockInfo";
import { CARD } from "@/lib/card";
import { searchTypes } from "@/lib/catalogue";
import { cn } from "@/lib/cn";
import { endsOf, type PortRef, wireBetween } from "@/lib/connection";
import { openQuickAdd, type QuickAdd as Request, useCanvas } from "@/store/canvas";
import { useCatalogue } from "@/store/catalogue";
import { addNode } from "@/store/editing";
import { openScope, useGraph } from "@/store/graph";

const SIZE = { width: 240, height: 300, margin: 8 } as const;

/** A small list of node types at the pointer; after a dropped wire only those that fit, joined at once. */
export function QuickAdd() {
  const request = useCanvas((state) => state.quickAdd);
  const camera = useCanvas((state) => state.camera);
  if (!request || !camera) return null;
  const at = request.at ?? camera.middle();
  return <List key={`${at.x},${at.y}`} request={request} at={at} />;
}

function List({ request, at }: { request: Request; at: Position }) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const types = useCatalogue((state) => state.types);
  const scope = useGraph(openScope);
  const all = addable(scope, types);
  const params = new Map(all.map((one) => [one.info, one.params]));
  const wanted = all.map((one) => one.info);
  const found = searchTypes(fitting(wanted, request.from), query);
  const choose = (info: NodeInfo): void => add(info, params.get(info) ?? {}, request, at);

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setActive((index) => Math.max(0, Math.min(found.length - 1, index + step)));
    } else if (event.key === "Enter" && found[active]) {
      event.preventDefault();
      choose(found[active]);
    } else if (event.key === "Escape") {
      openQuickAdd(null);
    }
  };
  return (
    <>
      <div className="fixed inset-0 z-30" onPointerDown={() => openQuickAdd(null)} />
      <div
        role="dialog"
        aria-label="Add a node"
        onKeyDown={onKeyDown}
        style={{ ...insideWindow(at), width: SIZE.width, maxHeight: SIZE.height }}
        className="fixed z-40 flex animate-pop flex-col rounded-lg border bg-panel shadow-pop"
      >
        <div className="p-1.5">
          <SearchField
            autoFocus
            label={request.from ? "Add a node that fits" : "Add a node"}
            value={query}
            onChange={(text) => {
              setQuery(text);
              setActive(0);
            }}
          />
        </div>
        <ul className="min-h-0 overflow-y-auto px-1.5 pb-1.5">
          {found.map((info, index) => (
            <li key={`${info.type}/${String(params.get(info)?.block ?? "")}`}>
              <button
                type="button"
                tabIndex={-1}
                ref={(element) => {
                  if (index === active) element?.scrollIntoView({ block: "nearest" });
                }}
                onPointerEnter={() => setActive(index)}
                onClick={() => choose(info)}
                className={cn(
                  "flex h-7 w-full items-center gap-2 rounded-md px-1.5 text-left",
                  index === active && "bg-raised",
                )}
              >
                <span style={{ color: tintOf(info) }}>
                  <TypeIcon info={info} className="size-4" />
                </span>
                <span className="grow truncate">{info.display_name}</span>
                <span className="text-muted text-xs">{info.category}</span>
              </button>
            </li>
          ))}
          {found.length === 0 && (
            <li className="px-2 py-3 text-center text-muted text-sm">No node type fits.</li>
          )}
        </ul>
      </div>
    </>
  );
}

function insideWindow({ x, y }: Position): { left: number; top: number } {
  const { width, height, margin } = SIZE;
  return {
    left: Math.max(margin, Math.min(x, window.innerWidth - width - margin)),
    top: Math.max(margin, Math.min(y, window.innerHeight - height - margin)),
  };
}

function originOf(from: PortRef): NodeInfo | undefined {
  return infoAt(openScope(useGraph.getState()), useCatalogue.getState().types, from.node);
}

function fitting(types: NodeInfo[], from: PortRef | null): NodeInfo[] {
  const info = from && originOf(from);
  return from && info ? types.filter((type) => endsOf(info, from, type).length > 0) : types;
}

/** Adds the node where the wire was dropped, its port near the pointer. */
function add(type: NodeInfo, params: GraphNode["params"], { from }: Request, at: Position): void {
  const camera = useCanvas.getState().camera;
  openQuickAdd(null);
  if (!camera) return;
  const place = camera.toDocument(at);
  const info = from && originOf(from);
  const end = from && info ? endsOf(info, from, type)[0] : undefined;
  const left = from?.side === "target" ? place.x - CARD.width : place.x;
  const wire = (id: string) => (from && end ? wireBetween(from, { ...end, node: id }) : null);
  addNode(type, { x: Math.round(left), y: Math.round(place.y - CARD.header / 2) }, wire, params);
}
