import { Database, Plus, Table2, Trash2, TriangleAlert, Upload, X } from "lucide-react";
import { Suspense, useRef, useState } from "react";
import { useUploads } from "@/features/datasets/store/uploads";
import { useDatasets, useDeleteDataset } from "@/features/datasets/store/useDatasets";
import { useUpload } from "@/features/datasets/store/useUpload";
import { addDatasetNode } from "@/features/graph/store/editing";
import type { DatasetRecord } from "@/shared/api/types";
import { formatAgo, formatBytes, plural, uploadLabel } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { EmptyState } from "@/shared/ui/EmptyState";
import { SearchField } from "@/shared/ui/fields/SearchField";
import { IconButton } from "@/shared/ui/IconButton";
import { lazyNamed } from "@/shared/ui/lazyNamed";
import { MoreMenuButton } from "@/shared/ui/MoreMenuButton";
import { ProgressBar } from "@/shared/ui/ProgressBar";

const PreviewDialog = lazyNamed(() => import("./PreviewDialog"), "PreviewDialog");

/** The stored tables: upload, preview, use and delete. */
export function DatasetsPanel() {
  const { datasets, pending, error } = useDatasets();
  const remove = useDeleteDataset();
  const [query, setQuery] = useState("");
  const [shown, setShown] = useState<DatasetRecord | null>(null);
  const [doomed, setDoomed] = useState<DatasetRecord | null>(null);
  const found = datasets.filter((dataset) => dataset.name.toLowerCase().includes(query.trim().toLowerCase()));
  return (
    <>
      <div className="flex gap-1.5 p-2">
        <SearchField label="Search datasets" value={query} onChange={setQuery} />
        <UploadButton />
      </div>
      <Uploads />
      <ul className="min-h-0 grow overflow-y-auto px-2 pb-2">
        {found.map((dataset) => (
          <DatasetItem
            key={dataset.id}
            dataset={dataset}
            onShow={() => setShown(dataset)}
            onDelete={() => setDoomed(dataset)}
          />
        ))}
      </ul>
      {!pending && found.length === 0 && (
        <EmptyState icon={<Database />} title={error ? "Datasets are not available" : "No dataset found"}>
          {error
            ? error.message
            : query
              ? `No dataset is called “${query}”.`
              : "Upload a CSV file, or drop one anywhere on the page."}
        </EmptyState>
      )}
      {shown && (
        <Suspense fallback={null}>
          <PreviewDialog dataset={shown} onClose={() => setShown(null)} />
        </Suspense>
      )}
      <Dialog
        open={doomed !== null}
        onOpenChange={() => setDoomed(null)}
        title={`Delete “${doomed?.name}”?`}
        description="The table is deleted permanently. A dataset that a run uses is kept until that run is deleted."
        footer={
          <>
            <Button onClick={() => setDoomed(null)}>Cancel</Button>
            <Button
              variant="danger"
              onClick={() => {
                if (doomed) void remove(doomed.id);
                setDoomed(null);
              }}
            >
              Delete dataset
            </Button>
          </>
        }
      />
    </>
  );
}

function UploadButton() {
  const input = useRef<HTMLInputElement>(null);
  const upload = useUpload();
  return (
    <>
      <Button variant="primary" onClick={() => input.current?.click()}>
        <Upload aria-hidden className="size-4" /> Upload
      </Button>
      <input
        ref={input}
        type="file"
        accept=".csv,.tsv,.txt,text/csv"
        multiple
        aria-label="CSV files to upload"
        className="hidden"
        onChange={(event) => {
          for (const file of event.target.files ?? []) void upload(file);
          event.target.value = "";
        }}
      />
    </>
  );
}

function Uploads() {
  const uploads = useUploads((state) => state.uploads);
  return uploads.map(({ key, name, share, cancel }) => (
    <div key={key} className="mx-2 mb-2 rounded-md border p-2">
      <div className="flex items-center gap-2">
        <div className="min-w-0 grow">
          <p className="truncate font-medium">{name}</p>
          <p className="text-muted text-xs">{uploadLabel(share)}</p>
        </div>
        <IconButton size="sm" label={`Cancel the upload of ${name}`} onClick={cancel}>
          <X />
        </IconButton>
      </div>
      <div className="mt-1.5">
        <ProgressBar share={share} label={`Upload of ${name}`} />
      </div>
    </div>
  ));
}

interface DatasetItemProps {
  dataset: DatasetRecord;
  onShow: () => void;
  onDelete: () => void;
}

function DatasetItem({ dataset, onShow, onDelete }: DatasetItemProps) {
  return (
    <li className="group relative flex items-center rounded-md hover:bg-raised">
      <button type="button" onClick={onShow} className="min-w-0 grow rounded-md px-2 py-1.5 text-left">
        <span className="flex items-center gap-1.5">
          <span className="truncate font-medium">{dataset.name}</span>
          {dataset.warnings.length > 0 && (
            <TriangleAlert aria-label="has warnings" className="size-3.5 shrink-0 text-warning" />
          )}
        </span>
        <span className="block truncate text-muted text-xs">
          {plural(dataset.rows, "row")} · {plural(dataset.columns.length, "column")} ·{" "}
          {formatBytes(dataset.bytes)} · {formatAgo(dataset.created)}
        </span>
      </button>
      <MoreMenuButton
        label={`More for ${dataset.name}`}
        items={[
          { label: "Preview", icon: <Table2 />, onSelect: onShow },
          { label: "Add to the canvas", icon: <Plus />, onSelect: () => addDatasetNode(dataset.name) },
          { label: "Delete", icon: <Trash2 />, danger: true, onSelect: onDelete, separated: true },
        ]}
        onHover
        className="mr-1"
      />
    </li>
  );
}
