import { CircleAlert } from "lucide-react";
import { showProblem } from "@/features/graph/store/editing";
import { openReport, useGraph } from "@/features/graph/store/graph";
import { IconButton } from "@/shared/ui/IconButton";
import { useRunMessage } from "./useRunState";

/** The first line of the node's error, and a link to the rest. */
export function CardProblem({ id }: { id: string }) {
  const { message, tab } = useProblem(id);
  if (!message) return null;
  return (
    <div className="card-problem">
      <CircleAlert aria-hidden className="mt-px size-3.5 shrink-0" />
      <p className="line-clamp-2 min-w-0 grow" title={message}>
        {message}
      </p>
      <button
        type="button"
        className="nodrag h-6 shrink-0 rounded-md px-1 font-medium underline underline-offset-2"
        onClick={() => showProblem(id, tab)}
      >
        Show
      </button>
    </div>
  );
}

/** The error of a row, as an icon. */
export function RowProblem({ id }: { id: string }) {
  const { message, tab } = useProblem(id);
  if (!message) return null;
  return (
    <IconButton
      size="sm"
      tone="danger"
      label={`Show the problem: ${message}`}
      tip={null}
      title={message}
      onClick={() => showProblem(id, tab)}
      className="nodrag"
    >
      <CircleAlert aria-hidden />
    </IconButton>
  );
}

/** Return the error of a node, and the tab that explains it. */
function useProblem(id: string): { message: string | undefined; tab: "problems" | "logs" } {
  const problem = useGraph((state) =>
    openReport(state)?.diagnostics.find((item) => item.node === id && item.severity === "error"),
  );
  const failure = useRunMessage(id);
  return { message: problem?.message ?? failure ?? undefined, tab: problem ? "problems" : "logs" };
}
