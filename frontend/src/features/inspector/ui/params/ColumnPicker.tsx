import { Hash, ToggleLeft, Type } from "lucide-react";
import { useState } from "react";
import {
  type ColumnMatch,
  findDataset,
  isGlob,
  matchColumns,
  parseColumns,
  toggleColumn,
} from "@/features/datasets/model/columns";
import { useDatasets } from "@/features/datasets/store/useDatasets";
import { type NamedInput, paramValue, shapeOf } from "@/features/graph/model/catalogue";
import { emptyText } from "@/features/graph/model/values";
import { useNodeInfo } from "@/features/graph/store/useNodeInfo";
import type { Column, DatasetRecord, GraphNode } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { plural } from "@/shared/lib/format";
import { SearchField } from "@/shared/ui/fields/SearchField";
import { TextField } from "@/shared/ui/fields/TextField";

interface ColumnPickerProps {
  id: string;
  node: GraphNode;
  param: NamedInput;
  value: string;
  onChange: (value: string) => void;
  invalid: boolean;
  describedBy?: string | undefined;
}

const MOST = 60;
/** Fewer columns than these need no search. */
const SEARCHED = 12;

/** Selects columns of the node's dataset: a chip for each, and text for globs such as "s_*". */
export function ColumnPicker({ id, node, param, value, onChange, invalid, describedBy }: ColumnPickerProps) {
  const dataset = useChosenDataset(node);
  const matches = dataset
    ? matchColumns(
        value,
        dataset.columns.map(({ name }) => name),
      )
    : [];
  const gone = matches.filter(({ names }) => names.length === 0);
  return (
    <div className="flex w-full flex-col gap-1.5">
      <TextField
        id={id}
        value={value}
        onCommit={onChange}
        placeholder={param.empty || "Names or globs, such as x1, s_*"}
        aria-describedby={describedBy}
        aria-invalid={invalid || gone.length > 0 || undefined}
        className="font-mono text-sm"
      />
      {dataset && <Found matches={matches} dataset={dataset} empty={emptyText(param)} reported={invalid} />}
      {dataset && <Chips dataset={dataset} value={value} matches={matches} onChange={onChange} />}
    </div>
  );
}

interface FoundProps {
  matches: ColumnMatch[];
  dataset: DatasetRecord;
  /** The meaning of an empty list. */
  empty: string;
  /** Whether the validation already reports what is missing. */
  reported: boolean;
}

/** The number of matching columns, the matches of each glob, and the names that do not exist. */
function Found({ matches, dataset, empty, reported }: FoundProps) {
  const found = new Set(matches.flatMap(({ names }) => names));
  const globs = matches.filter(({ part, names }) => names.length > 0 && isGlob(part) && names[0] !== part);
  const gone = reported ? [] : matches.filter(({ names }) => names.length === 0);
  const count = matches.length === 0 ? empty : `${found.size} of ${plural(dataset.columns.length, "column")}`;
  return (
    <div className="wrap-anywhere text-muted text-xs">
      <p>{count}</p>
      {globs.map(({ part, names }) => (
        <p key={part}>
          <span className="font-mono text-text">{part}</span> matches {names.length}: {some(names)}
        </p>
      ))}
      {gone.map(({ part }) => (
        <p key={part} className="text-danger">
          {isGlob(part) ? `No column matches “${part}”.` : `There is no column “${part}” in ${dataset.name}.`}
        </p>
      ))}
    </div>
  );
}

const some = (names: string[]): string => names.slice(0, 6).join(", ") + (names.length > 6 ? ", …" : "");

interface ChipsProps {
  dataset: DatasetRecord;
  value: string;
  matches: ColumnMatch[];
  onChange: (value: string) => void;
}

function Chips({ dataset: { columns }, value, matches, onChange }: ChipsProps) {
  const [query, setQuery] = useState("");
  const found = columns.filter(({ name }) => name.toLowerCase().includes(query.trim().toLowerCase()));
  const named = new Set(parseColumns(value));
  const globOf = (name: string): string | undefined =>
    matches.find(({ names }) => names.includes(name))?.part;
  return (
    <>
      {columns.length > SEARCHED && <SearchField label="Search columns" value={query} onChange={setQuery} />}
      <div className="flex max-h-36 flex-wrap gap-1 overflow-y-auto">
        {found.slice(0, MOST).map((column) => (
          <Chip
            key={column.name}
            column={column}
            pressed={named.has(column.name)}
            glob={named.has(column.name) ? undefined : globOf(column.name)}
            onToggle={() => onChange(toggleColumn(value, column.name))}
          />
        ))}
        {found.length > MOST && (
          <span className="self-center text-muted text-xs">
            and {found.length - MOST} more: search to see them
          </span>
        )}
      </div>
    </>
  );
}

const ICONS = { int: Hash, float: Hash, bool: ToggleLeft, text: Type };

interface ChipProps {
  column: Column;
  pressed: boolean;
  /** The glob that matches it, if it is not named itself. */
  glob: string | undefined;
  onToggle: () => void;
}

function Chip({ column, pressed, glob, onToggle }: ChipProps) {
  const Icon = ICONS[column.dtype];
  const missing = column.missing > 0 ? `, ${column.missing} missing` : "";
  return (
    <button
      type="button"
      aria-pressed={pressed}
      title={`${column.name}: ${column.dtype}${missing}${glob ? `, matched by ${glob}` : ""}`}
      onClick={onToggle}
      className={cn(
        "inline-flex h-6 max-w-full items-center gap-1 rounded-full border px-2 text-sm",
        pressed
          ? "border-accent bg-accent-soft text-accent"
          : "text-muted hover:border-line-strong hover:text-text",
        glob && "border-accent border-dashed text-accent hover:text-accent",
      )}
    >
      <Icon aria-hidden className="size-3 shrink-0" />
      <span className="truncate">{column.name}</span>
      <span className="text-xs">{column.dtype}</span>
    </button>
  );
}

/** Return the dataset that the same node reads. */
function useChosenDataset(node: GraphNode): DatasetRecord | undefined {
  const info = useNodeInfo(node);
  const { datasets } = useDatasets();
  const param = info && shapeOf(info).params.find((item) => item.widget === "dataset");
  return findDataset(datasets, param && paramValue(node, param));
}
