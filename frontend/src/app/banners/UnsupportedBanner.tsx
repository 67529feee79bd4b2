import { FileWarning, X } from "lucide-react";
import { useState } from "react";
import type { UnsupportedFeature } from "@/features/graph/model/unsupportedFeatures";
import { useGraph } from "@/features/graph/store/graph";
import { goTo } from "@/features/graph/store/scope";
import { useUnsupportedFeatures } from "@/features/graph/store/useUnsupportedFeatures";
import { isSafeMode } from "@/shared/lib/safeMode";
import { Button } from "@/shared/ui/Button";
import { IconButton } from "@/shared/ui/IconButton";

/** Reports that the graph could not be opened fully, and what is missing. */
export function UnsupportedBanner() {
  const { repairs, features } = useUnsupportedFeatures();
  const [listed, setListed] = useState(false);
  /** The document, by its list of repairs, whose banner was closed. */
  const [closed, setClosed] = useState<readonly string[] | null>(null);
  const name = useGraph((state) => state.graph.name);
  const count = repairs.length + features.length;
  if (count === 0 || closed === repairs) return null;
  return (
    <section aria-label="What is missing" className="shrink-0 border-b bg-warning-soft px-3 py-1 text-sm">
      <div className="flex items-center gap-2 text-warning">
        <FileWarning aria-hidden className="size-4 shrink-0" />
        <p role="status" className="min-w-0 grow">
          “{name}” could not be opened fully: {count === 1 ? "one thing is" : `${count} things are`} missing
          here. The graph keeps them as they are.
        </p>
        <Button size="sm" aria-expanded={listed} onClick={() => setListed(!listed)}>
          {listed ? "Hide the list" : "What is missing"}
        </Button>
        <IconButton size="sm" label="Close this note" onClick={() => setClosed(repairs)}>
          <X />
        </IconButton>
      </div>
      {listed && (
        <ul className="mt-1 max-h-40 overflow-y-auto pb-1 pl-6">
          {repairs.map((text) => (
            <li key={text} className="py-0.5">
              {text}
            </li>
          ))}
          {features.map((feature) => (
            <FeatureLine key={`${feature.node}${feature.text}`} feature={feature} />
          ))}
        </ul>
      )}
    </section>
  );
}

function FeatureLine({ feature: { text, node } }: { feature: UnsupportedFeature }) {
  return (
    <li className="flex min-h-6 items-center gap-2">
      <span className="min-w-0">{text}</span>
      {node !== null && !isSafeMode() && (
        <button
          type="button"
          aria-label={`Show: ${text}`}
          onClick={() => goTo(node)}
          className="min-h-6 shrink-0 rounded-md px-1.5 text-accent hover:bg-raised"
        >
          Show
        </button>
      )}
    </li>
  );
}
