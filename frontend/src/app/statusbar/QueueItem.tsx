import { ListOrdered, TriangleAlert } from "lucide-react";
import { Popover } from "radix-ui";
import { Suspense, useState } from "react";
import type { SystemStats } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatInt } from "@/shared/lib/format";
import { lazyNamed } from "@/shared/ui/lazyNamed";

const Queue = lazyNamed(() => import("@/features/runs/ui/Queue"), "Queue");

/** How many runs are training and waiting; a click shows which, in which order and why. */
export function QueueItem({ stats }: { stats: SystemStats }) {
  const [open, setOpen] = useState(false);
  const parts = [
    stats.running > 0 && `${formatInt(stats.running)} training`,
    stats.queued > 0 && `${formatInt(stats.queued)} waiting`,
  ].filter(Boolean);
  const { obstacle } = stats;
  const Icon = obstacle ? TriangleAlert : ListOrdered;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger
        title={obstacle ?? "Runs that are training or waiting"}
        className={cn(
          "-mx-1 inline-flex h-6 items-center gap-1.5 rounded px-1",
          obstacle
            ? "bg-warning-soft font-medium text-warning"
            : "hover:bg-raised hover:text-text data-[state=open]:bg-raised data-[state=open]:text-text",
        )}
      >
        <Icon aria-hidden className="size-3.5" />
        {obstacle && "Queue held: "}
        {parts.length > 0 ? parts.join(" · ") : "Queue empty"}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          side="top"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Queue"
          className="z-50 flex max-h-[min(70vh,520px)] w-96 animate-pop flex-col rounded-lg border bg-panel shadow-pop"
        >
          <Suspense fallback={null}>
            <Queue onLeave={() => setOpen(false)} />
          </Suspense>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
