import type { Difference } from "@/features/graph/model/compare/diff";
import { CHANGE_LOOK } from "@/features/graph/model/drawing/card";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";

interface DifferenceListProps {
  differences: readonly Difference[];
  onShow: (difference: Difference) => void;
}

/** The differences, one per line; a click shows it in the drawing. */
export function DifferenceList({ differences, onShow }: DifferenceListProps) {
  if (differences.length === 0) return <p className="text-muted text-sm">Only positions differ.</p>;
  return (
    <ScrollRegion
      label="Differences"
      className="max-h-36 shrink-0 overflow-y-auto rounded-md border p-1 text-sm"
    >
      <ul>
        {differences.map((difference) => (
          <li key={`${difference.block} ${difference.node} ${difference.text}`}>
            {difference.node === null && difference.block === null ? (
              <span className="flex min-h-6 items-center gap-2 px-1.5">
                <Line difference={difference} />
              </span>
            ) : (
              <button
                type="button"
                onClick={() => onShow(difference)}
                className="flex min-h-6 w-full items-center gap-2 rounded-md px-1.5 text-left hover:bg-raised"
              >
                <Line difference={difference} />
              </button>
            )}
          </li>
        ))}
      </ul>
    </ScrollRegion>
  );
}

function Line({ difference: { kind, text } }: { difference: Difference }) {
  const { sign, color } = CHANGE_LOOK[kind];
  return (
    <>
      <span aria-hidden className="w-3 shrink-0 text-center font-bold font-mono" style={{ color }}>
        {sign}
      </span>
      {text}
    </>
  );
}
