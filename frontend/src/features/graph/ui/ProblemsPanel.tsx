import { CircleCheck } from "lucide-react";
import { findNode, nodeLabel } from "@/features/graph/model/document";
import { locateNode, scopeOf } from "@/features/graph/model/scope";
import { useGraph } from "@/features/graph/store/graph";
import { goTo, pathKey } from "@/features/graph/store/scope";
import { useViewState } from "@/features/graph/store/viewState";
import type { Diagnostic } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { EmptyState } from "@/shared/ui/EmptyState";
import { FixButton } from "./FixButton";
import { SEVERITIES } from "./ProblemNote";

const ORDER = ["error", "warning", "info"];

/** All diagnostics of the graph, errors first; a click reveals the node. */
export function ProblemsPanel() {
  const report = useGraph((state) => state.report);
  if (!report) {
    return <EmptyState title="Not validated yet">The graph is validated once the server answers.</EmptyState>;
  }
  if (report.diagnostics.length === 0) {
    return (
      <EmptyState icon={<CircleCheck />} title="No problems">
        The graph is ready to run.
      </EmptyState>
    );
  }
  const sorted = [...report.diagnostics].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity),
  );
  return (
    <ul className="min-h-0 grow overflow-y-auto p-1.5">
      {sorted.map((problem) => (
        <Problem
          key={`${problem.code}/${problem.node}/${problem.port}/${problem.message}`}
          problem={problem}
        />
      ))}
    </ul>
  );
}

function Problem({ problem }: { problem: Diagnostic }) {
  const { icon: Icon, text } = SEVERITIES[problem.severity];
  const id = problem.node;
  const graph = useGraph((state) => state.graph);
  const place = id === null ? null : locateNode(graph, id);
  const node = place ? findNode(scopeOf(graph, place.path), place.node) : undefined;
  const here = useGraph((state) => place !== null && pathKey(state.path) === pathKey(place.path));
  const selected = useViewState((state) => here && place !== null && state.nodes.has(place.node));
  const content = (
    <>
      <Icon aria-label={problem.severity} className={cn("mt-0.5 size-4 shrink-0", text)} />
      <span className="min-w-0 grow">
        <span className="block">
          {problem.message}
          {problem.count > 1 && (
            <span className="text-muted"> (in {problem.count.toLocaleString("en")} places)</span>
          )}
        </span>
        {problem.hint && <span className="block text-muted text-sm">{problem.hint}</span>}
      </span>
      {node && (
        <span className="shrink-0 text-muted text-sm">
          {nodeLabel(node)}
          {problem.port && ` · ${problem.port}`}
        </span>
      )}
    </>
  );
  const look = "flex w-full items-start gap-2.5 rounded-md px-2 py-1.5 text-left";
  if (!node) return <li className={look}>{content}</li>;
  return (
    <li className="flex items-start gap-2">
      <button
        type="button"
        onClick={() => goTo(problem.node ?? "")}
        className={cn(look, "min-w-0 hover:bg-raised", selected && "bg-accent-soft")}
      >
        {content}
      </button>
      <FixButton fix={problem.fix} />
    </li>
  );
}
