import { TriangleAlert } from "lucide-react";
import { cn } from "@/shared/lib/cn";

/** Why the machine keeps runs from starting or continuing now. */
export function Obstacle({ reason, className }: { reason: string; className?: string }) {
  return (
    <p
      role="status"
      className={cn("flex gap-1.5 break-words rounded-md bg-warning-soft p-2 text-sm", className)}
    >
      <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-warning" />
      <span className="min-w-0">{reason} Nothing is lost: it is tried again automatically.</span>
    </p>
  );
}
