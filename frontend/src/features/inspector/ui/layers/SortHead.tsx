import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import type { RowOrder } from "@/features/blocks/model/modelRows";
import { cn } from "@/shared/lib/cn";

interface SortHeadProps {
  column: RowOrder;
  order: RowOrder;
  reversed: boolean;
  onSort: (column: RowOrder) => void;
  className?: string;
  /** For figures, which are right-aligned. */
  end?: boolean;
  children: ReactNode;
}

/** The head of a column, which sorts by it. */
export function SortHead({ column, order, reversed, onSort, className, end, children }: SortHeadProps) {
  const active = order === column;
  // Figures start with the largest.
  const descending = (column === "parameters") !== reversed;
  const Arrow = descending ? ArrowDown : ArrowUp;
  return (
    <th
      aria-sort={active ? (descending ? "descending" : "ascending") : "none"}
      className={cn("p-0 px-1 font-normal", className)}
    >
      <button
        type="button"
        onClick={() => onSort(column)}
        className={cn(
          "flex min-h-6 w-full min-w-0 items-center gap-0.5 rounded-sm text-xs hover:text-text",
          end && "justify-end",
          active ? "text-text" : "text-muted",
        )}
      >
        <span className="truncate">{children}</span>
        {active && <Arrow aria-hidden className="size-3 shrink-0" />}
      </button>
    </th>
  );
}
