import { CircleAlert } from "lucide-react";
import { showProblem } from "@/store/editing";
import { openReport, useGraph } from "@/store/graph";
import { useRunMessage } from "./useRunState";

/** The first line of what is wrong with this node, and the way to the rest. */
export function CardProblem({ id }: { id: string }) {
  const problem = useGraph((state) =>
    openReport(state)?.diagnostics.find((item) => item.node === id && item.severity === "error"),
  );
  const failure = useRunMessage(id);
  const message = problem?.message ?? failure;
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
        onClick={() => showProblem(id, problem ? "problems" : "logs")}
      >
        Show
      </button>
    </div>
  );
}
