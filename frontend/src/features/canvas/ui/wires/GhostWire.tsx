import { openReport, openScope, useGraph } from "@/features/graph/store/graph";
import { ownValue } from "@/shared/lib/ownValue";

/** The model's input of a layer without a wire, drawn as a wire from outside. */
export function GhostWire({ id }: { id: string }) {
  const shape = useGraph((state) => {
    const report = ownValue(openReport(state)?.nodes, id);
    const wired = openScope(state).edges.some((edge) => edge.target === id);
    return report?.reads_input && !wired ? (Object.values(report.inputs)[0]?.text ?? "") : null;
  });
  if (shape === null) return null;
  return (
    <div className="ghost" aria-hidden="true">
      <span className="text-muted text-xs">model input</span>
      <span className="ghost-line" />
      <span className="font-mono text-muted text-xs">{shape}</span>
    </div>
  );
}
