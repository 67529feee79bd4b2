import { cn } from "@/shared/lib/cn";
import { Button } from "@/shared/ui/Button";
import { ColumnsMenu } from "./ColumnsMenu";
import type { TableView } from "./useTableView";

/** The order of the rows, and the columns. */
export function TableTools({ view: { sort, setSort, all, columns } }: { view: TableView }) {
  const own = sort.key === "own";
  return (
    <>
      <Button
        size="sm"
        aria-pressed={own}
        title="The study's own order; rows can be dragged, or moved by their menus"
        className={cn(own && "border-accent bg-accent-soft")}
        onClick={() => setSort({ key: "own", descending: false })}
      >
        Own order
      </Button>
      <ColumnsMenu
        columns={all.filter(({ key }) => key !== "label")}
        shown={new Set(columns.map(({ key }) => key))}
      />
    </>
  );
}
