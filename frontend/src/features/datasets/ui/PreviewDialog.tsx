import { ChevronLeft, ChevronRight, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useDatasetPreview } from "@/features/datasets/store/useDatasets";
import type { Column, DatasetRecord, Histogram, Json } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatBytes, formatInt, formatNumber, plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Dialog } from "@/shared/ui/Dialog";
import { IconButton } from "@/shared/ui/IconButton";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";

const PAGE = 100;

interface PreviewDialogProps {
  dataset: DatasetRecord;
  onClose: () => void;
}

/** The table as it was read: types, blanks and a histogram per column, and its rows page by page. */
export function PreviewDialog({ dataset, onClose }: PreviewDialogProps) {
  const [offset, setOffset] = useState(0);
  const { preview, error } = useDatasetPreview(dataset.id, offset, PAGE);
  const last = Math.min(dataset.rows, offset + PAGE);
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={dataset.name}
      description={`${plural(dataset.rows, "row")}, ${plural(dataset.columns.length, "column")}, ${formatBytes(dataset.bytes)}`}
      size="wide"
      footer={
        <div className="flex w-full items-center gap-1 text-muted text-sm">
          <span className="grow">
            Rows {formatInt(dataset.rows === 0 ? 0 : offset + 1)} to {formatInt(last)} of{" "}
            {formatInt(dataset.rows)}
          </span>
          <IconButton
            label="Rows before"
            disabled={offset === 0}
            onClick={() => setOffset(Math.max(0, offset - PAGE))}
          >
            <ChevronLeft />
          </IconButton>
          <IconButton
            label="Next rows"
            disabled={last >= dataset.rows}
            onClick={() => setOffset(offset + PAGE)}
          >
            <ChevronRight />
          </IconButton>
        </div>
      }
    >
      {dataset.warnings.map((warning) => (
        <p key={warning} className="mb-1 flex gap-2 rounded-md bg-warning-soft px-2 py-1 text-sm">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" />
          {warning}
        </p>
      ))}
      {error && <p className="text-danger">{error.message}</p>}
      <ScrollRegion label="Rows" className="max-h-[62vh] overflow-auto rounded-md border">
        <table className="text-sm">
          <thead className="sticky top-0 z-10 bg-panel shadow-[0_1px_0_var(--line)]">
            <tr>
              <th scope="col" className="px-2 text-right align-bottom font-normal text-muted text-xs">
                Row
              </th>
              {dataset.columns.map((column) => (
                <ColumnHead
                  key={column.name}
                  column={column}
                  rows={dataset.rows}
                  histogram={ownValue(preview?.histograms, column.name)}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {preview?.rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is its index
              <tr key={preview.offset + index} className="border-t">
                <th scope="row" className="px-2 text-right font-mono font-normal text-muted text-xs">
                  {preview.offset + index + 1}
                </th>
                {row.map((cell, place) => (
                  <Cell key={dataset.columns[place]?.name} cell={cell} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </Dialog>
  );
}

function Cell({ cell }: { cell: Json }) {
  const blank = cell === null;
  return (
    <td
      className={cn(
        "max-w-60 truncate px-2 py-0.5 font-mono text-xs tabular-nums",
        typeof cell === "number" && "text-right",
        blank && "text-center text-warning",
      )}
      title={blank ? "missing" : String(cell)}
    >
      {blank ? "missing" : typeof cell === "number" ? formatNumber(cell, 6) : String(cell)}
    </td>
  );
}

const TYPES: Record<Column["dtype"], string> = {
  int: "integer",
  float: "number",
  bool: "yes / no",
  text: "text",
};

function ColumnHead({
  column,
  rows,
  histogram,
}: {
  column: Column;
  rows: number;
  histogram: Histogram | undefined;
}) {
  const facts =
    column.mean === null
      ? column.distinct === null
        ? "over 1,000 values"
        : plural(column.distinct, "value")
      : `${formatNumber(column.min)} … ${formatNumber(column.max)}`;
  return (
    <th scope="col" className="min-w-32 max-w-60 px-2 py-1.5 text-left align-bottom font-normal">
      <span className="block truncate font-medium" title={column.name}>
        {column.name}
      </span>
      <span className="block text-muted text-xs">{TYPES[column.dtype]}</span>
      {histogram && <Bars histogram={histogram} name={column.name} />}
      <span
        className="block whitespace-nowrap text-muted text-xs"
        title={column.mean === null ? "" : `mean ${column.mean}, sd ${column.std}`}
      >
        {facts}
      </span>
      {column.missing > 0 && (
        <span className="block text-warning text-xs">
          {formatInt(column.missing)} missing ({formatNumber((100 * column.missing) / rows, 2)} %)
        </span>
      )}
    </th>
  );
}

const [WIDTH, HEIGHT] = [112, 26];

function Bars({ histogram, name }: { histogram: Histogram; name: string }) {
  const { counts, labels, edges } = histogram;
  const most = Math.max(1, ...counts);
  const width = WIDTH / counts.length;
  const titleOf = (index: number): string =>
    labels
      ? `${labels[index]}: ${formatInt(counts[index])}`
      : `${formatNumber(edges?.[index])} … ${formatNumber(edges?.[index + 1])}: ${formatInt(counts[index])}`;
  return (
    <svg role="img" aria-label={`Histogram of ${name}`} width={WIDTH} height={HEIGHT} className="my-1">
      {counts.map((count, index) => {
        const height = count === 0 ? 0 : Math.max(1, (count / most) * HEIGHT);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its index
            key={index}
            x={index * width + 0.5}
            y={HEIGHT - height}
            width={Math.max(1, width - 1)}
            height={height}
            className="fill-accent"
          >
            <title>{titleOf(index)}</title>
          </rect>
        );
      })}
    </svg>
  );
}
