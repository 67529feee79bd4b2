import { Download, Table2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { cn } from "@/shared/lib/cn";
import { formatNumber } from "@/shared/lib/format";
import { csvOf } from "@/shared/lib/tables";
import { fileStem, saveFile } from "@/shared/store/download";
import { IconButton } from "@/shared/ui/IconButton";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";

export type Datum = string | number | null;

export interface PlotData {
  head: string[];
  rows: Datum[][];
}

interface PlotCardProps {
  title: string;
  /** What the plot shows, in a sentence. */
  note?: ReactNode;
  /** The data of the plot; a function where it is large. */
  data: PlotData | (() => PlotData);
  /** Controls of the plot. */
  actions?: ReactNode;
  /** The plot is a table itself. */
  isTable?: boolean;
  children: ReactNode;
}

/** A plot with its figures as a table, and as a file. */
export function PlotCard({ title, note, data, actions, isTable = false, children }: PlotCardProps) {
  const [asTable, setAsTable] = useState(false);
  const figures = (): PlotData => (typeof data === "function" ? data() : data);
  return (
    <figure aria-label={title} className="flex min-w-0 flex-col">
      <figcaption className="flex flex-wrap items-center gap-x-2 pt-1 pr-1 pl-3">
        <span className="font-medium text-sm">{title}</span>
        <span className="ml-auto flex flex-wrap items-center gap-x-2">
          {actions}
          {!isTable && (
            <IconButton
              size="sm"
              label={`Show ${title} as ${asTable ? "a plot" : "a table"}`}
              active={asTable}
              onClick={() => setAsTable(!asTable)}
            >
              <Table2 />
            </IconButton>
          )}
          <IconButton size="sm" label={`Download ${title} as CSV`} onClick={() => download(title, figures())}>
            <Download />
          </IconButton>
        </span>
        {note && <span className="basis-full text-muted text-xs">{note}</span>}
      </figcaption>
      {asTable ? <Figures title={title} {...figures()} /> : children}
    </figure>
  );
}

const MOST_ROWS = 500;

function Figures({ title, head, rows }: PlotData & { title: string }) {
  const shown = rows.slice(0, MOST_ROWS);
  return (
    <ScrollRegion label={`${title}, figures`} className="overflow-x-auto px-1 py-1">
      {rows.length > MOST_ROWS && (
        <p className="px-2 py-1 text-muted text-xs">
          The first {MOST_ROWS} of {rows.length} rows; the CSV has all.
        </p>
      )}
      <SmallTable head={head} rows={shown} />
    </ScrollRegion>
  );
}

/** Figures, numbers to the right with four significant digits; the full value on hover. */
export function SmallTable({ head, rows }: PlotData) {
  return (
    <table className="w-full text-xs tabular-nums">
      <thead className="text-muted">
        <tr>
          {head.map((name, place) => (
            <th
              key={name}
              scope="col"
              className={cn(
                "whitespace-nowrap px-2 py-1 font-normal",
                place === 0 ? "text-left" : "text-right",
              )}
            >
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, line) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name of their own and are never moved
          <tr key={line} className="border-t">
            {row.map((value, place) => (
              <td
                key={head[place]}
                title={value === null ? "" : String(value)}
                className={cn(
                  "px-2 py-1",
                  place === 0 ? "text-left" : "whitespace-nowrap text-right font-mono",
                )}
              >
                {typeof value === "number" ? formatNumber(value).replaceAll("-", "−") : (value ?? "–")}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function download(title: string, { head, rows }: PlotData): void {
  saveFile(`${fileStem(title.toLowerCase(), "plot")}.csv`, csvOf([head, ...rows]), "text/csv");
}
