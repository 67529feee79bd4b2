import { Hash, ToggleLeft, Type } from "lucide-react";
import type { Column, DatasetRecord, GraphNode } from "@/api/types";
import { TextField } from "@/components/ui/TextField";
import { useDatasets } from "@/hooks/useDatasets";
import { useNodeInfo } from "@/hooks/useNodeInfo";
import { paramValue, shapeOf } from "@/lib/catalogue";
import { cn } from "@/lib/cn";
import { isGlob, parseColumns, toggleColumn } from "@/lib/columns";

interface ColumnPickerProps {
  id: string;
  node: GraphNode;
  value: string;
  onChange: (value: string) => void;
  invalid: boolean;
  describedBy?: string;
}

const MOST = 60;

/** Chooses columns of the node's dataset: a chip for each, and text for globs such as "s_*". */
export function ColumnPicker({ id, node, value, onChange, invalid, describedBy }: ColumnPickerProps) {
  const dataset = useChosenDataset(node);
  const chosen = parseColumns(value);
  const names = new Set(dataset?.columns.map((column) => column.name));
  const gone = dataset ? chosen.filter((part) => !isGlob(part) && !names.has(part)) : [];
  return (
    <div className="flex w-full flex-col gap-1.5">
      <TextField
        id={id}
        value={value}
        onCommit={onChange}
        placeholder="Names or globs, such as x1, s_*"
        aria-describedby={describedBy}
        aria-invalid={invalid || gone.length > 0 || undefined}
        className="font-mono text-sm"
      />
      {dataset && (
        <div className="flex max-h-36 flex-wrap gap-1 overflow-y-auto">
          {dataset.columns.slice(0, MOST).map((column) => (
            <Chip
              key={column.name}
              column={column}
              pressed={chosen.includes(column.name)}
              onToggle={() => onChange(toggleColumn(value, column.name))}
            />
          ))}
          {dataset.columns.length > MOST && (
            <span className="self-center text-muted text-xs">
              and {dataset.columns.length - MOST} more: type their names
            </span>
          )}
        </div>
      )}
    </div>
  );
}

const ICONS = { int: Hash, float: Hash, bool: ToggleLeft, text: Type };

function Chip({ column, pressed, onToggle }: { column: Column; pressed: boolean; onToggle: () => void }) {
  const Icon = ICONS[column.dtype];
  return (
    <button
      type="button"
      aria-pressed={pressed}
      title={`${column.name}: ${column.dtype}${column.missing > 0 ? `, ${column.missing} missing` : ""}`}
      onClick={onToggle}
      className={cn(
        "inline-flex h-6 max-w-full items-center gap-1 rounded-full border px-2 text-sm",
        pressed
          ? "border-accent bg-accent-soft text-accent"
          : "text-muted hover:border-line-strong hover:text-text",
      )}
    >
      <Icon aria-hidden className="size-3 shrink-0" />
      <span className="truncate">{column.name}</span>
      <span className="text-xs">{column.dtype}</span>
    </button>
  );
}

/** The dataset that the same node reads: the newest of that name, or the one of that id. */
function useChosenDataset(node: GraphNode): DatasetRecord | undefined {
  const info = useNodeInfo(node);
  const { datasets } = useDatasets();
  const param = info && shapeOf(info).params.find((item) => item.widget === "dataset");
  const wanted = param && paramValue(node, param);
  return (
    datasets.find((dataset) => dataset.id === wanted) ?? datasets.find((dataset) => dataset.name === wanted)
  );
}
