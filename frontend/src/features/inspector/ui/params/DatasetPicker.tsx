import { Upload } from "lucide-react";
import { useRef } from "react";
import { findDataset } from "@/features/datasets/model/columns";
import { useUploads } from "@/features/datasets/store/uploads";
import { useDatasets } from "@/features/datasets/store/useDatasets";
import { useUpload } from "@/features/datasets/store/useUpload";
import type { DatasetRecord, Json } from "@/shared/api/types";
import { formatInt, plural, uploadLabel } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { type Option, Select } from "@/shared/ui/fields/Select";

interface DatasetPickerProps {
  id: string;
  value: Json;
  onChange: (value: string) => void;
  /** Several nodes that read different datasets. */
  mixed: boolean;
  compact: boolean;
  invalid: boolean;
  describedBy?: string | undefined;
}

/** Selects a stored dataset by its name, or uploads one. */
export function DatasetPicker({
  id,
  value,
  onChange,
  mixed,
  compact,
  invalid,
  describedBy,
}: DatasetPickerProps) {
  const { datasets } = useDatasets();
  const selected = typeof value === "string" ? value : "";
  const selectedDataset = findDataset(datasets, selected);
  return (
    <div className="flex w-full min-w-0 flex-col gap-1.5">
      <Select
        id={id}
        value={selected}
        onChange={onChange}
        options={options(datasets, selected)}
        placeholder={mixed ? "mixed" : "Choose a dataset"}
        invalid={invalid}
        {...(describedBy && { describedBy })}
        className={compact ? "h-6 px-1.5" : ""}
      />
      {!compact && selectedDataset && (
        <p className="text-muted text-xs tabular-nums">
          {formatInt(selectedDataset.rows)} rows, {plural(selectedDataset.columns.length, "column")}
        </p>
      )}
      {!compact && <UploadButton onUploaded={onChange} />}
    </div>
  );
}

/** Return the datasets by name, the newest of each; an id, or a name that no longer exists, stays visible. */
function options(datasets: readonly DatasetRecord[], selected: string): Option[] {
  const names = new Map<string, Option>();
  for (const dataset of datasets) {
    const { name } = dataset;
    if (!names.has(name)) names.set(name, { value: name, label: name, detail: sizeOf(dataset) });
  }
  const byId = datasets.find((dataset) => dataset.id === selected);
  if (byId) names.set(byId.id, { value: byId.id, label: byId.name, detail: "this version" });
  else if (selected && !names.has(selected))
    names.set(selected, { value: selected, label: selected, detail: "not found" });
  return [...names.values()];
}

const sizeOf = ({ rows, columns }: DatasetRecord): string =>
  `${formatInt(rows)} × ${formatInt(columns.length)}`;

function UploadButton({ onUploaded }: { onUploaded: (name: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const upload = useUpload();
  const sending = useUploads((state) => state.uploads.at(-1));
  const start = async (file: File | undefined): Promise<void> => {
    const dataset = file && (await upload(file));
    if (dataset) onUploaded(dataset.name);
  };
  return (
    <>
      <Button size="sm" disabled={sending !== undefined} onClick={() => input.current?.click()}>
        <Upload aria-hidden className="size-3.5" />
        {sending ? uploadLabel(sending.share) : "Upload a CSV file"}
      </Button>
      <input
        ref={input}
        type="file"
        accept=".csv,text/csv"
        aria-label="CSV file to upload"
        className="hidden"
        onChange={(event) => {
          void start(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
    </>
  );
}
