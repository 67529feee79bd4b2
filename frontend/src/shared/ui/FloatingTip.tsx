import { autoUpdate, flip, offset, type Placement, shift, useFloating } from "@floating-ui/react-dom";
import type { ReactNode } from "react";
import { createPortal } from "react-dom";
import { cn } from "@/shared/lib/cn";

interface FloatingTipProps {
  anchor: Element;
  placement: Placement;
  id?: string;
  className?: string;
  children: ReactNode;
}

const GAP = 6;
/** From the edges of the page. */
const PADDING = 8;

/** A text beside an element. It never stands in the way of what lies under it, such as the next port. */
export function FloatingTip({ anchor, placement, id, className, children }: FloatingTipProps) {
  const { refs, floatingStyles, isPositioned } = useFloating({
    elements: { reference: anchor },
    placement,
    strategy: "fixed",
    middleware: [offset(GAP), flip({ padding: PADDING }), shift({ padding: PADDING })],
    whileElementsMounted: autoUpdate,
  });
  return createPortal(
    <div
      ref={refs.setFloating}
      id={id}
      role="tooltip"
      className={cn(
        "tooltip pointer-events-none z-50 w-max rounded-md border px-2 py-1 text-sm shadow-pop",
        className,
      )}
      style={{ ...floatingStyles, visibility: isPositioned ? "visible" : "hidden" }}
    >
      {children}
    </div>,
    document.body,
  );
}
