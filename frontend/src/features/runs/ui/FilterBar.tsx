import { Star, X } from "lucide-react";
import { clearRunFilter, filterRuns, useRunFilter } from "@/features/runs/store/runList";
import { useRunFacets } from "@/features/runs/store/useRunList";
import type { Facet, RunState } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatInt, plural } from "@/shared/lib/format";
import { RUN_STATES, stateLabel } from "@/shared/lib/runStates";
import { Button } from "@/shared/ui/Button";
import { SearchField } from "@/shared/ui/fields/SearchField";
import { type Option, Select } from "@/shared/ui/fields/Select";
import { IconButton } from "@/shared/ui/IconButton";

const STATES = RUN_STATES.map((value) => ({ value, label: stateLabel(value) }));

/** Filters the list of runs; active filters are marked, and cleared with one click. */
export function FilterBar({ total }: { total: number }) {
  const filter = useRunFilter((store) => store.filter);
  const facets = useRunFacets();
  return (
    <>
      <div className="w-48 min-w-28 shrink">
        <SearchField
          label="Search runs"
          value={filter.search ?? ""}
          onChange={(text) => filterRuns({ search: text === "" ? undefined : text })}
        />
      </div>
      <Choice
        label="State"
        any="Any state"
        value={filter.state}
        options={STATES}
        onChange={(state) => filterRuns({ state: state as RunState | undefined })}
      />
      <Choice
        label="Tag"
        any="Any tag"
        value={filter.tag}
        options={options(facets.tags)}
        onChange={(tag) => filterRuns({ tag })}
      />
      <Choice
        label="Graph"
        any="Any graph"
        value={filter.graph}
        options={options(facets.graphs)}
        onChange={(graph) => filterRuns({ graph })}
      />
      <Choice
        label="Dataset"
        any="Any dataset"
        value={filter.dataset}
        options={options(facets.datasets)}
        onChange={(dataset) => filterRuns({ dataset })}
      />
      {(facets.studies.length > 0 || filter.study !== undefined) && (
        <Choice
          label="Study"
          any="Any study"
          value={filter.study}
          options={options(facets.studies)}
          onChange={(study) => filterRuns({ study })}
        />
      )}
      <IconButton
        label="Only starred runs"
        active={filter.starred === true}
        onClick={() => filterRuns({ starred: filter.starred ? undefined : true })}
        className={cn(filter.starred && MARKED)}
      >
        <Star className={cn(filter.starred && "fill-current text-warning")} />
      </IconButton>
      <span role="status" className="whitespace-nowrap text-muted text-sm tabular-nums">
        {plural(total, "run")}
      </span>
      {Object.keys(filter).length > 0 && (
        <Button size="sm" variant="ghost" onClick={clearRunFilter} aria-label="Clear all filters">
          <X aria-hidden className="size-3.5" /> Clear
        </Button>
      )}
    </>
  );
}

const MARKED = "border-accent bg-accent-soft";
const ANY = "any";
/** Distinct from ANY, whatever a tag is called. */
const MARK = "=";

interface ChoiceProps {
  label: string;
  any: string;
  value: string | undefined;
  options: Option[];
  onChange: (value: string | undefined) => void;
}

/** One of several, or any. The selected value stays an option when no run has it any more. */
function Choice({ label, any, value, options, onChange }: ChoiceProps) {
  const missing = value !== undefined && !options.some((option) => option.value === value);
  const all = missing ? [{ value, label: value }, ...options] : options;
  return (
    <div className="w-[7.5rem] min-w-20 shrink">
      <Select
        label={label}
        value={value === undefined ? ANY : MARK + value}
        onChange={(selected) => onChange(selected === ANY ? undefined : selected.slice(MARK.length))}
        options={[
          { value: ANY, label: any },
          ...all.map((option) => ({ ...option, value: MARK + option.value })),
        ]}
        className={cn(value !== undefined && MARKED)}
      />
    </div>
  );
}

const options = (facets: Facet[]): Option[] =>
  facets.map(({ value, name, runs }) => ({ value, label: name, detail: formatInt(runs) }));
