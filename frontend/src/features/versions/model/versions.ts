/** Versions of a graph: their titles, and which two are compared. */
import type { GraphVersion } from "@/shared/api/types";

/** A version by its number, or what is open now. */
export type Choice = number | "present";

/** What a version is compared with. */
export type Against = "present" | "previous" | "nothing" | number;

export function versionTitle({ version, label }: Pick<GraphVersion, "version" | "label">): string {
  return label ? `Version ${version} · ${label}` : `Version ${version}`;
}

const age = (choice: Choice): number => (choice === "present" ? Number.POSITIVE_INFINITY : choice);

/** The older and the newer of what is compared; `before` is null where there is nothing to compare with. */
export function pairOf(
  shown: Choice,
  against: Against,
  versions: readonly number[],
): { before: Choice | null; after: Choice } {
  const older = versions.filter((version) => version < age(shown));
  const previous = older.length > 0 ? Math.max(...older) : null;
  const other = against === "previous" || (against === "present" && shown === "present") ? previous : against;
  if (other === "nothing" || other === null || other === shown) return { before: null, after: shown };
  return age(other) < age(shown) ? { before: other, after: shown } : { before: shown, after: other };
}
