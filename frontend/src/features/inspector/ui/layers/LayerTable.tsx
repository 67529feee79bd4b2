import { Copy, Download } from "lucide-react";
import { useState } from "react";
import {
  foldRepeats,
  type ModelRow,
  type RowOrder,
  rowsAsCsv,
  rowsAsMarkdown,
  sortedRows,
} from "@/features/blocks/model/modelRows";
import { useGraph } from "@/features/graph/store/graph";
import { formatInt } from "@/shared/lib/format";
import { fileStem, saveFile } from "@/shared/store/download";
import { toast } from "@/shared/store/toast";
import { Button } from "@/shared/ui/Button";
import { IconButton } from "@/shared/ui/IconButton";
import { Section } from "../Section";
import { LayerGroup, LayerRow } from "./LayerRow";
import { SortHead } from "./SortHead";

/** The number of rows that are drawn, until all are requested. */
const MOST = 200;

/**
 * Each layer with its output shape and its share of the parameters: sortable, folded where layers repeat,
 * exportable.
 */
export function LayerTable({ rows }: { rows: ModelRow[] }) {
  const [order, setOrder] = useState<RowOrder>("flow");
  const [reversed, setReversed] = useState(false);
  const [all, setAll] = useState(false);
  const total = rows.reduce((sum, row) => sum + (row.parameters ?? 0), 0);
  const groups =
    order === "flow" && !reversed
      ? foldRepeats(rows)
      : sortedRows(rows, order, reversed).map((row) => ({ rows: [row], all: [row], times: 1 }));
  const shown = all ? groups : groups.slice(0, MOST);

  /** Sort by the column, then in reverse, then by the data flow again. */
  const sortBy = (column: RowOrder): void => {
    if (order !== column) setOrder(column);
    else if (reversed) setOrder("flow");
    setReversed(order === column && !reversed);
  };
  const sort = { order, reversed, onSort: sortBy };
  return (
    <Section title="Layers" aside={<Export rows={rows} />}>
      <div className="@container">
        <table className="w-full table-fixed text-sm">
          <thead>
            <tr>
              <SortHead column="name" {...sort}>
                Layer
              </SortHead>
              <SortHead column="type" {...sort} className="hidden w-[24%] @sm:table-cell">
                Type
              </SortHead>
              <SortHead column="shape" {...sort} className="w-[30%] @sm:w-[24%]">
                Output
              </SortHead>
              <SortHead column="parameters" {...sort} className="w-15" end>
                Params
              </SortHead>
            </tr>
          </thead>
          <tbody>
            {shown.map((group) =>
              group.times > 1 ? (
                <LayerGroup key={group.all[0]?.node.id} group={group} total={total} />
              ) : (
                group.rows.map((row) => <LayerRow key={row.node.id} row={row} total={total} />)
              ),
            )}
          </tbody>
        </table>
      </div>
      {shown.length < groups.length && (
        <Button size="sm" className="self-start" onClick={() => setAll(true)}>
          Show all {formatInt(groups.length)}
        </Button>
      )}
    </Section>
  );
}

function Export({ rows }: { rows: ModelRow[] }) {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(rowsAsMarkdown(rows));
      toast.success("Copied the layers as Markdown.");
    } catch {
      toast.error("The browser blocked copying.", {
        description: "Download the table as CSV instead.",
      });
    }
  };
  const save = (): void => {
    const { name } = useGraph.getState().graph;
    saveFile(`${fileStem(name, "graph")} layers.csv`, rowsAsCsv(rows), "text/csv");
  };
  return (
    <>
      <IconButton size="sm" label="Copy as Markdown" onClick={() => void copy()}>
        <Copy />
      </IconButton>
      <IconButton size="sm" label="Download as CSV" onClick={save}>
        <Download />
      </IconButton>
    </>
  );
}
