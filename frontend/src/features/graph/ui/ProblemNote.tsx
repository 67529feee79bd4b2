import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { Diagnostic } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { FixButton } from "./FixButton";

export const SEVERITIES = {
  error: { icon: CircleAlert, text: "text-danger", soft: "bg-danger-soft" },
  warning: { icon: TriangleAlert, text: "text-warning", soft: "bg-warning-soft" },
  info: { icon: Info, text: "text-muted", soft: "bg-raised" },
} as const;

/** A diagnostic with its fix, in a coloured box. */
export function ProblemNote({ problem }: { problem: Diagnostic }) {
  const { icon: Icon, text, soft } = SEVERITIES[problem.severity];
  return (
    <div className={cn("flex gap-2 rounded-md px-2.5 py-2 text-sm", soft)}>
      <Icon aria-label={problem.severity} className={cn("mt-px size-3.5 shrink-0", text)} />
      <div className="flex min-w-0 flex-col">
        <p>
          <span className={text}>{problem.message}</span>
          {problem.hint && <span className="block text-muted">{problem.hint}</span>}
        </p>
        <FixButton fix={problem.fix} />
      </div>
    </div>
  );
}
