import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { searchStudies } from "@/features/studies/model/studies";
import { defineStudy } from "@/features/studies/store/studies";
import { useStrategies } from "@/features/studies/store/useStrategies";
import type { Study } from "@/shared/api/types";
import { formatInt } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { SearchField } from "@/shared/ui/fields/SearchField";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { StudyItem } from "./StudyItem";

interface StudyListProps {
  studies: Study[];
  pending: boolean;
  error: Error | null;
  onDelete: (study: Study) => void;
}

/** All studies, the newest first. */
export function StudyList({ studies, pending, error, onDelete }: StudyListProps) {
  const [search, setSearch] = useState("");
  const strategies = useStrategies();
  const found = searchStudies(studies, search, strategies);
  if (studies.length === 0) return pending ? null : <NoStudies error={error} />;
  return (
    <section aria-label="Studies" className="flex min-h-0 grow flex-col">
      <div className="flex shrink-0 items-center gap-2 border-b px-3 py-1.5">
        <div className="w-56 min-w-28 shrink">
          <SearchField label="Search studies" value={search} onChange={setSearch} />
        </div>
        <span role="status" className="grow whitespace-nowrap text-muted text-sm tabular-nums">
          {found.length === 1 ? "1 study" : `${formatInt(found.length)} studies`}
        </span>
        <Button variant="primary" onClick={() => defineStudy([])}>
          New study…
        </Button>
      </div>
      {found.length > 0 ? (
        <StudyTable studies={found} onDelete={onDelete} />
      ) : (
        <EmptyState
          icon={<FlaskConical />}
          title="No study found"
          action={<Button onClick={() => setSearch("")}>Clear the search</Button>}
        >
          No study has this text in its name, graph, strategy, metric or state.
        </EmptyState>
      )}
    </section>
  );
}

const HEADS: [title: string, right?: true][] = [
  ["Study"],
  ["State"],
  ["Runs"],
  ["Strategy"],
  ["Metric"],
  ["Graph"],
  ["Made", true],
];

function StudyTable({ studies, onDelete }: Pick<StudyListProps, "studies" | "onDelete">) {
  const [renamed, setRenamed] = useState<string | null>(null);
  return (
    <ScrollRegion label="List of studies" className="min-h-0 grow overflow-auto">
      <table className="w-full min-w-[900px] text-sm">
        <thead className="sticky top-0 z-10 bg-panel text-muted shadow-[0_1px_0_var(--line)]">
          <tr>
            {HEADS.map(([title, right]) => (
              <th
                key={title}
                scope="col"
                className={`h-7 px-2 font-medium first:pl-3 ${right ? "text-right" : "text-left"}`}
              >
                {title}
              </th>
            ))}
            <td className="sticky right-0 w-9 bg-panel" />
          </tr>
        </thead>
        <tbody>
          {studies.map((study) => (
            <StudyItem
              key={study.id}
              study={study}
              renaming={renamed === study.id}
              onRename={({ id }) => setRenamed(id)}
              onRenamed={() => setRenamed(null)}
              onDelete={onDelete}
            />
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function NoStudies({ error }: { error: Error | null }) {
  if (error)
    return (
      <EmptyState icon={<FlaskConical />} title="Studies are not available">
        {error.message}
      </EmptyState>
    );
  return (
    <EmptyState
      icon={<FlaskConical />}
      title="No study yet"
      action={
        <Button variant="primary" onClick={() => defineStudy([])}>
          Define a study…
        </Button>
      }
    >
      A study removes parts of the open graph, trains each variant with the same seeds, and shows what each
      part is worth.
    </EmptyState>
  );
}
