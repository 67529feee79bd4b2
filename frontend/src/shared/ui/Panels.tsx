import { type ReactNode, useEffect, useRef } from "react";
import { Group, Panel, type PanelImperativeHandle, Separator } from "react-resizable-panels";
import { cn } from "@/shared/lib/cn";

interface SideProps {
  id: string;
  /** In pixels, before they are scaled. */
  width: number;
  scale: number;
  onWidth: (width: number) => void;
  label: string;
  children: ReactNode;
}

/** A side panel that keeps its width in pixels when the window changes. */
export function SidePanel({ id, width, scale, onWidth, label, children }: SideProps) {
  const panel = useRef<PanelImperativeHandle>(null);
  const target = useRef(width);
  const drawn = useRef(scale);
  useEffect(() => {
    // A panel that was just mounted has its size, but its group does not know it yet.
    if (drawn.current !== scale) panel.current?.resize(target.current * scale);
    drawn.current = scale;
  }, [scale]);
  return (
    <Panel
      id={id}
      panelRef={panel}
      defaultSize={width * scale}
      minSize={200 * scale}
      maxSize={480 * scale}
      groupResizeBehavior="preserve-pixel-size"
      onResize={({ inPixels }) => {
        target.current = Math.round(inPixels / scale);
        onWidth(target.current);
      }}
    >
      <aside aria-label={label} className="flex h-full min-h-0 flex-col bg-panel">
        {children}
      </aside>
    </Panel>
  );
}

/** The line between two panels; it is narrow, with a grip wide enough to drag. */
export function Divider({ orientation = "vertical" }: { orientation?: "vertical" | "horizontal" }) {
  return (
    <Separator
      className={cn(
        "relative z-10 shrink-0 bg-line transition-colors duration-100 hover:bg-accent data-[separator=active]:bg-accent",
        orientation === "vertical" ? "w-px" : "h-px",
      )}
    />
  );
}

export { Group as PanelGroup, Panel };
