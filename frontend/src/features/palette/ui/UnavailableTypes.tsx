import { useCatalogue } from "@/features/graph/store/catalogue";
import type { UnavailableNode } from "@/shared/api/types";

/** The node types that the server's version of torch lacks and that match a search. */
export function useUnavailable(query: string): UnavailableNode[] {
  const unavailable = useCatalogue((state) => state.unavailable);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return unavailable.filter(({ type, display_name, category }) => {
    const text = `${type} ${display_name} ${category}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Node types that cannot be added, with the reason. */
export function UnavailableTypes({ nodes }: { nodes: UnavailableNode[] }) {
  return (
    <ul>
      {nodes.map(({ type, display_name, reason }) => (
        <li key={type} className="px-1.5 py-1 text-muted">
          <span className="block">{display_name}</span>
          <span className="block text-xs">{reason}</span>
        </li>
      ))}
    </ul>
  );
}
