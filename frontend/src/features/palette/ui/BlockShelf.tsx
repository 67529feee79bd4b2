import { BookmarkPlus, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { deleteUnused } from "@/features/blocks/store/blocks";
import {
  addFromLibrary,
  loadLibrary,
  removeFromLibrary,
  saveToLibrary,
  useLibrary,
} from "@/features/blocks/store/library";
import { searchTypes } from "@/features/graph/model/catalogue";
import { BLOCK } from "@/features/graph/model/rewire";
import { usesOf } from "@/features/graph/model/scope";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { addAtCentre } from "@/features/graph/store/editing";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { addableBlocks } from "@/features/palette/model/addableNodes";
import { BLOCK_DRAG, LIBRARY_DRAG } from "@/features/palette/model/dragTypes";
import type { BlockRecord, NodeInfo } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { isAvailable, useServer } from "@/shared/store/server";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import type { MenuItem } from "@/shared/ui/Menu";
import { MoreMenuButton } from "@/shared/ui/MoreMenuButton";
import { PaletteItem } from "./PaletteItem";

/** Return the blocks to add: those of the graph, then the user's own, filtered by the search. */
export function useBlockShelf(query: string) {
  const types = useCatalogue((state) => state.types);
  const scope = useGraph(openScope);
  const records = useLibrary((state) => state.records);
  const available = useServer(isAvailable);
  const known = BLOCK in types;
  useEffect(() => {
    if (available && known) void loadLibrary();
  }, [available, known]);
  const blocks = addableBlocks(scope, types);
  const found = new Set(
    searchTypes(
      blocks.map((block) => block.info),
      query,
    ),
  );
  const base = types[BLOCK];
  const own = base
    ? records
        .map((record) => ({
          record,
          info: { ...base, display_name: record.name, description: aboutRecord(record) },
        }))
        .filter(({ info }) => searchTypes([info], query).length > 0)
    : [];
  return { blocks: blocks.filter(({ info }) => found.has(info)), own, known };
}

function aboutRecord({ block, blocks }: BlockRecord): string {
  const names = (ownValue(blocks, block)?.nodes ?? []).map((node) => node.name || node.id);
  return `One of your own blocks: ${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}.`;
}

type Shelf = ReturnType<typeof useBlockShelf>;

export function BlockShelf({ blocks, own }: Pick<Shelf, "blocks" | "own">) {
  const [doomed, setDoomed] = useState<BlockRecord | null>(null);
  return (
    <>
      <Heading text="In this graph" shown={blocks.length > 0 && own.length > 0} />
      <ul>
        {blocks.map(({ id, info, params }) => (
          <PaletteItem
            key={id}
            info={info}
            drag={[BLOCK_DRAG, id]}
            onAdd={() => addAtCentre(info, params)}
            aside={<BlockMenu id={id} info={info} />}
          />
        ))}
      </ul>
      <Heading text="My blocks" shown={own.length > 0} />
      <ul>
        {own.map(({ record, info }) => (
          <PaletteItem
            key={record.id}
            info={info}
            drag={[LIBRARY_DRAG, record.id]}
            onAdd={() => addFromLibrary(record)}
            aside={
              <ItemMenu
                label={`More for my block ${record.name}`}
                items={[
                  { label: "Delete", icon: <Trash2 />, danger: true, onSelect: () => setDoomed(record) },
                ]}
              />
            }
          />
        ))}
      </ul>
      {blocks.length + own.length === 0 && (
        <p className="px-1.5 pb-1 text-muted text-xs">
          Select nodes and press Ctrl Alt G to make a reusable block.
        </p>
      )}
      <DeleteDialog record={doomed} onClose={() => setDoomed(null)} />
    </>
  );
}

function Heading({ text, shown }: { text: string; shown: boolean }) {
  return shown ? <h3 className="px-1.5 pt-1 text-muted text-xs">{text}</h3> : null;
}

function BlockMenu({ id, info }: { id: string; info: NodeInfo }) {
  const used = useGraph((state) => usesOf(state.graph, id) > 0);
  return (
    <ItemMenu
      label={`More for block ${info.display_name}`}
      items={[
        { label: "Save to my blocks", icon: <BookmarkPlus />, onSelect: () => void saveToLibrary(id) },
        {
          label: used ? "Delete (in use)" : "Delete",
          icon: <Trash2 />,
          danger: true,
          disabled: used,
          onSelect: () => deleteUnused(id),
          separated: true,
        },
      ]}
    />
  );
}

function ItemMenu({ label, items }: { label: string; items: MenuItem[] }) {
  return (
    <MoreMenuButton label={label} items={items} onHover className="absolute top-0.5 right-0.5 bg-raised" />
  );
}

function DeleteDialog({ record, onClose }: { record: BlockRecord | null; onClose: () => void }) {
  return (
    <Dialog
      open={record !== null}
      onOpenChange={onClose}
      title={`Delete “${record?.name}” from my blocks?`}
      description="Graphs that use it keep their own copy."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="danger"
            onClick={() => {
              if (record) void removeFromLibrary(record.id);
              onClose();
            }}
          >
            Delete block
          </Button>
        </>
      }
    />
  );
}
