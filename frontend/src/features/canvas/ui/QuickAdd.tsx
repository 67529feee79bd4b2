import { type KeyboardEvent, useId, useState } from "react";
import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { CARD } from "@/features/graph/model/card";
import { searchTypes } from "@/features/graph/model/catalogue";
import { endsOf, type PortRef, wireBetween } from "@/features/graph/model/connections/connection";
import { fitsIntoWire } from "@/features/graph/model/connections/insert";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { addNode } from "@/features/graph/store/editing";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { openQuickAdd, type QuickAdd as Request, useViewState } from "@/features/graph/store/viewState";
import { addableNodes } from "@/features/palette/model/addableNodes";
import type { GraphNode, NodeInfo, Position } from "@/shared/api/types";
import { categoryColor } from "@/shared/lib/categoryColor";
import { cn } from "@/shared/lib/cn";
import { SearchField } from "@/shared/ui/fields/SearchField";
import { TypeIcon } from "@/shared/ui/TypeIcon";

const SIZE = { width: 240, height: 300, margin: 8 } as const;

/** A small list of node types at the pointer; after a dropped wire only those that fit, connected at once. */
export function QuickAdd() {
  const request = useViewState((state) => state.quickAdd);
  const camera = useViewState((state) => state.camera);
  if (!request || !camera) return null;
  const at = request.at ?? camera.middle();
  return <List key={`${at.x},${at.y}`} request={request} at={at} />;
}

function List({ request, at }: { request: Request; at: Position }) {
  const id = useId();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const types = useCatalogue((state) => state.types);
  const scope = useGraph(openScope);
  const all = addableNodes(scope, types);
  const params = new Map(all.map((one) => [one.info, one.params]));
  const candidates = all.map((one) => one.info);
  const found = searchTypes(fitting(candidates, request), query);
  const choose = (info: NodeInfo): void => add(info, params.get(info) ?? {}, request, at);

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setActive((index) => Math.max(0, Math.min(found.length - 1, index + step)));
    } else if (event.key === "Enter" && found[active]) {
      event.preventDefault();
      choose(found[active]);
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
            list={{ id, active: found[active] && `${id}-${active}` }}
            label={request.from || request.into ? "Add a node that fits" : "Add a node"}
            value={query}
            onChange={(text) => {
              setQuery(text);
              setActive(0);
            }}
          />
        </div>
        <div
          id={id}
          role="listbox"
          aria-label="Node types"
          className="min-h-0 overflow-y-auto px-1.5 pb-1.5 empty:hidden"
        >
          {found.map((info, index) => (
            <Choice
              key={`${info.type}/${String(params.get(info)?.block ?? "")}`}
              id={`${id}-${index}`}
              info={info}
              active={index === active}
              onPoint={() => setActive(index)}
              onChoose={() => choose(info)}
            />
          ))}
        </div>
        {found.length === 0 && (
          <p className="px-2 pt-1.5 pb-4 text-center text-muted text-sm">No node type fits.</p>
        )}
      </div>
    </>
  );
}

interface ChoiceProps {
  id: string;
  info: NodeInfo;
  active: boolean;
  onPoint: () => void;
  onChoose: () => void;
}

function Choice({ id, info, active, onPoint, onChoose }: ChoiceProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the search field keeps the focus and has the keys
    <div
      id={id}
      role="option"
      aria-selected={active}
      ref={(element) => {
        if (active) element?.scrollIntoView({ block: "nearest" });
      }}
      onPointerMove={onPoint}
      onClick={onChoose}
      className={cn("flex h-7 select-none items-center gap-2 rounded-md px-1.5", active && "bg-raised")}
    >
      <span style={{ color: categoryColor(info) }}>
        <TypeIcon info={info} className="size-4" />
      </span>
      <span className="grow truncate">{info.display_name}</span>
      <span className="text-muted text-xs">{info.category}</span>
    </div>
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

function fitting(types: NodeInfo[], { from, into }: Request): NodeInfo[] {
  if (into !== undefined) {
    const scope = openScope(useGraph.getState());
    return types.filter((type) => fitsIntoWire(scope, useCatalogue.getState().types, type, into));
  }
  const info = from && originOf(from);
  return from && info ? types.filter((type) => endsOf(info, from, type).length > 0) : types;
}

/**
 * Add the node where the wire was dropped, its port near the pointer, or in the middle of the wire it is
 * inserted on.
 */
function add(type: NodeInfo, params: GraphNode["params"], { from, into }: Request, at: Position): void {
  const camera = useViewState.getState().camera;
  openQuickAdd(null);
  if (!camera) return;
  const place = camera.toDocument(at);
  const info = from && originOf(from);
  const end = from && info ? endsOf(info, from, type)[0] : undefined;
  const before = into === undefined ? (from?.side === "target" ? CARD.width : 0) : CARD.width / 2;
  const wire = (id: string) => (from && end ? wireBetween(from, { ...end, node: id }) : null);
  const corner = { x: Math.round(place.x - before), y: Math.round(place.y - CARD.header / 2) };
  addNode(type, corner, wire, params, into ?? null);
}
