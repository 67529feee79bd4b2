import { type ReactNode, Suspense, useMemo } from "react";
import { graphDifferences } from "@/features/graph/model/compare/compare";
import { useCatalogue } from "@/features/graph/store/catalogue";
import type { Graph } from "@/shared/api/types";
import { lazyNamed } from "@/shared/ui/lazyNamed";

// The drawing code is loaded only where two graphs are shown.
const drawing = () => import("./GraphDifference");
const GraphDifference = lazyNamed(drawing, "GraphDifference");
const ChangeLegend = lazyNamed(drawing, "ChangeLegend");

interface GraphPairProps {
  /** Undefined while they are loading. */
  before: Graph | undefined;
  after: Graph | undefined;
  error?: Error | null;
  /** Names the compared graphs. */
  children: ReactNode;
}

/** Two graphs in one picture, as a part of a comparison. Their names are not compared. */
export function GraphPair({ before, after, error = null, children }: GraphPairProps) {
  const types = useCatalogue((state) => state.types);
  const alike = useMemo(
    () => before && after && graphDifferences(before, after, types).length === 0,
    [before, after, types],
  );
  return (
    <section aria-label="The graphs" className="flex min-w-0 flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h2 className="font-medium text-sm">The graphs</h2>
        {children}
        {!alike && (
          <Suspense fallback={null}>
            <ChangeLegend className="ml-auto" />
          </Suspense>
        )}
      </div>
      {error ? (
        <p role="alert" className="py-6 text-center text-muted">
          {error.message}
        </p>
      ) : alike ? (
        <p className="text-muted text-sm">Both are the same network.</p>
      ) : (
        <Suspense fallback={<Loading />}>
          {before && after ? <Picture before={before} after={after} /> : <Loading />}
        </Suspense>
      )}
    </section>
  );
}

function Picture({ before, after }: { before: Graph; after: Graph }) {
  const named = useMemo(() => ({ ...before, name: after.name }), [before, after]);
  return (
    <div className="flex h-80 flex-col gap-2">
      <GraphDifference before={named} after={after} inPage />
    </div>
  );
}

function Loading() {
  return (
    <p role="status" className="py-6 text-center text-muted">
      Loading…
    </p>
  );
}
