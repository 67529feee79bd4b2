import { type ReactNode, useId } from "react";
import { type Cleaning, checkpointConsequence } from "@/features/storage/model/storage";
import type { CleanReport } from "@/shared/api/types";
import { formatBytes, plural } from "@/shared/lib/format";
import { NumberField } from "@/shared/ui/fields/NumberField";

const MOST_DAYS = 36_500;

interface CleanChoicesProps {
  plan: CleanReport;
  cleaning: Cleaning;
  onChange: (cleaning: Cleaning) => void;
  keepDays: number;
}

/** What a clean-up can free, each with its consequences. */
export function CleanChoices({ plan, cleaning, onChange, keepDays }: CleanChoicesProps) {
  const change = (part: Partial<Cleaning>): void => onChange({ ...cleaning, ...part });
  return (
    <fieldset className="flex flex-col gap-3 rounded-lg border p-3">
      <legend className="px-1 font-medium">Clean up</legend>
      <Choice
        label="Old checkpoints"
        figure={formatBytes(plan.checkpoint_bytes)}
        checked={cleaning.checkpoints}
        onChange={(checkpoints) => change({ checkpoints })}
      >
        <p className="flex flex-wrap items-center gap-1.5">
          of runs that ended
          <span className="w-16">
            <NumberField
              label="Days since the end of the run"
              integer
              min={0}
              max={MOST_DAYS}
              value={cleaning.days}
              onCommit={(days) => change({ days: Math.min(MOST_DAYS, Math.max(0, Math.round(days ?? 0))) })}
            />
          </span>
          days ago or earlier. Starred runs and runs that can be resumed keep theirs.
        </p>
        <p>{checkpointConsequence(plan.runs)}</p>
        <p>
          {keepDays > 0
            ? `The server does this automatically after ${plural(keepDays, "day")} (VISDL_KEEP_CHECKPOINT_DAYS).`
            : "With VISDL_KEEP_CHECKPOINT_DAYS the server does this daily."}
        </p>
      </Choice>
      <Choice
        label="Leftovers"
        figure={formatBytes(plan.leftover_bytes)}
        checked={cleaning.leftovers}
        onChange={(leftovers) => change({ leftovers })}
      >
        <p title={plan.leftovers.map(({ path }) => path).join("\n")}>
          {plan.leftovers.length === 0
            ? "There are no leftovers of deleted runs, broken uploads or damaged checkpoints."
            : `${plural(plan.leftovers.length, "leftover")} of deleted runs, broken uploads or damaged checkpoints, older than an hour.`}
        </p>
      </Choice>
      <Choice
        label="Free space in the database"
        figure={`about ${formatBytes(plan.database_bytes)}`}
        checked={cleaning.database}
        onChange={(database) => change({ database })}
      >
        <p>Frees the space of deleted records. Nothing is lost; runs wait a moment during the copy.</p>
      </Choice>
    </fieldset>
  );
}

interface ChoiceProps {
  label: string;
  figure: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
}

function Choice({ label, figure, checked, onChange, children }: ChoiceProps) {
  const id = useId();
  return (
    <div>
      <div className="flex min-h-6 items-center gap-2">
        <input
          id={id}
          type="checkbox"
          checked={checked}
          onChange={(event) => onChange(event.target.checked)}
          className="size-4 shrink-0 accent-accent"
        />
        <label htmlFor={id} className="grow font-medium">
          {label}
        </label>
        <span className="font-mono text-sm tabular-nums">{figure}</span>
      </div>
      <div className="flex flex-col gap-1 pl-6 text-muted text-sm">{children}</div>
    </div>
  );
}
