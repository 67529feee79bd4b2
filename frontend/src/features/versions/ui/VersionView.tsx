import { ChangeLegend, GraphDifference } from "@/features/graph/ui/GraphDifference";
import { type Against, type Choice, versionTitle } from "@/features/versions/model/versions";
import type { Graph, GraphVersion } from "@/shared/api/types";
import { Select } from "@/shared/ui/fields/Select";

interface VersionViewProps {
  versions: GraphVersion[];
  shown: Choice;
  against: Against;
  onAgainst: (against: Against) => void;
  /** Null without a comparison, undefined while it is loading. */
  before: Graph | null | undefined;
  after: Graph | null | undefined;
  error: Error | null;
}

/** A version as a picture; compared with another one, with what was added, removed and changed. */
export function VersionView(props: VersionViewProps) {
  const { versions, shown, against, onAgainst, before, after, error } = props;
  return (
    <div className="flex min-w-0 grow flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-medium">{nameOf(shown, versions)}</span>
        <span className="flex items-center gap-1.5 text-muted text-sm">
          compared with
          <span className="w-52">
            <Select
              label="Compare with"
              value={String(against)}
              onChange={(value) => onAgainst(/^\d+$/.test(value) ? Number(value) : (value as Against))}
              options={choices(shown, versions)}
            />
          </span>
        </span>
        {before && <ChangeLegend className="ml-auto" />}
      </div>
      {error ? (
        <p role="alert" className="py-10 text-center text-muted">
          {error.message}
        </p>
      ) : after && before !== undefined ? (
        <GraphDifference before={before} after={after} />
      ) : (
        <p role="status" className="py-10 text-center text-muted">
          Loading…
        </p>
      )}
    </div>
  );
}

function nameOf(choice: Choice, versions: readonly GraphVersion[]): string {
  const version = versions.find((one) => one.version === choice);
  return version ? versionTitle(version) : "What is open now";
}

function choices(shown: Choice, versions: readonly GraphVersion[]) {
  return [
    { value: "present", label: shown === "present" ? "the newest version" : "what is open now" },
    { value: "previous", label: "the version before" },
    { value: "nothing", label: "nothing" },
    ...versions
      .filter(({ version }) => version !== shown)
      .map((version) => ({ value: String(version.version), label: versionTitle(version) })),
  ];
}
