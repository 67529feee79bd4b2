import type { ReactNode } from "react";
import { Group, Panel, Separator } from "react-resizable-panels";
import { cn } from "@/lib/cn";

interface SideProps {
  id: string;
  width: number;
  onWidth: (width: number) => void;
  label: string;
  children: ReactNode;
}

/** A side panel that keeps its width in pixels when the window changes. */
export function SidePanel({ id, width, onWidth, label, children }: SideProps) {
  return (
    <Panel
      id={id}
      defaultSize={width}
      minSize={200}
      maxSize={480}
      groupResizeBehavior="preserve-pixel-size"
      onResize={(size) => onWidth(Math.round(size.inPixels))}
    >
      <aside aria-label={label} className="flex h-full min-h-0 flex-col bg-panel">
        {children}
      </aside>
    </Panel>
  );
}

/** The line between two panels; it is thin, and wide enough to catch. */
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
