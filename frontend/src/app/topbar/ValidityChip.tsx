import { CircleAlert, CircleCheck, LoaderCircle, TriangleAlert } from "lucide-react";
import { useGraph } from "@/features/graph/store/graph";
import { cn } from "@/shared/lib/cn";
import { plural } from "@/shared/lib/format";
import { openDrawer } from "@/shared/store/ui";

/** Whether the graph can run; a click lists the problems. */
export function ValidityChip() {
  const report = useGraph((state) => state.report);
  const empty = useGraph((state) => state.graph.nodes.length === 0);
  if (empty) return null;

  const count = (severity: string): number =>
    report?.diagnostics.filter((problem) => problem.severity === severity).length ?? 0;
  const errors = count("error");
  const warnings = count("warning");
  const look = !report
    ? { tone: "text-muted", icon: <LoaderCircle className="animate-spin" />, text: "Checking" }
    : errors > 0
      ? { tone: "text-danger bg-danger-soft", icon: <CircleAlert />, text: plural(errors, "problem") }
      : warnings > 0
        ? { tone: "text-warning bg-warning-soft", icon: <TriangleAlert />, text: plural(warnings, "warning") }
        : { tone: "text-success", icon: <CircleCheck />, text: "Valid" };
  const first = report?.diagnostics.find((problem) => problem.severity === "error");
  return (
    <>
      <button
        type="button"
        onClick={() => openDrawer("problems")}
        className={cn(
          "ml-1 flex h-6 shrink-0 items-center gap-1 rounded-full px-2 font-medium text-sm hover:brightness-110 [&_svg]:size-3.5",
          look.tone,
        )}
      >
        {look.icon}
        <span aria-live="polite">{look.text}</span>
      </button>
      {/* For screen readers: what is wrong, as soon as it is known. */}
      <span role="alert" className="sr-only">
        {first?.message}
      </span>
    </>
  );
}
