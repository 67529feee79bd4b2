import { ArrowLeft, CirclePause, CirclePlay, CircleStop, Eye, Plus, RotateCcw } from "lucide-react";
import { useState } from "react";
import {
  aimWords,
  countWords,
  isUnderWay,
  shareDone,
  strategyWords,
  timeLeft,
} from "@/features/studies/model/studies";
import { useOverlay } from "@/features/studies/store/overlay";
import { commandStudy, overlayStudy, patchStudy, showStudy } from "@/features/studies/store/studies";
import { useStrategies } from "@/features/studies/store/useStrategies";
import type { Study, StudyResults } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { NameField } from "@/shared/ui/fields/NameField";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { ExportMenu } from "./ExportMenu";
import { StudyBadge } from "./StudyBadge";
import { canResume, canRetry, StudyMenu } from "./studyMenu";

interface StudyHeaderProps {
  study: Study;
  results: StudyResults | undefined;
  onAddSeeds: () => void;
  onDelete: (study: Study) => void;
}

/** A study's name, progress and actions. */
export function StudyHeader({ study, results, onAddSeeds, onDelete }: StudyHeaderProps) {
  const [renaming, setRenaming] = useState(false);
  return (
    <header className="flex shrink-0 flex-col gap-1 border-b px-3 py-1.5">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Button size="sm" variant="ghost" className="-ml-2" onClick={() => showStudy(null)}>
          <ArrowLeft aria-hidden className="size-3.5" /> All studies
        </Button>
        <div className="flex min-w-0 flex-[1_1_12rem] items-center gap-2">
          <Name study={study} renaming={renaming} onRename={setRenaming} />
          <StudyBadge state={study.state} />
        </div>
        <div className="flex flex-wrap items-center justify-end gap-1">
          <Commands study={study} />
          {study.plan.strategy.kind !== "optuna" && (
            <Button size="sm" onClick={onAddSeeds}>
              <Plus aria-hidden className="size-3.5" /> Add seeds…
            </Button>
          )}
          <OnCanvas id={study.id} />
          <ExportMenu study={study} results={results} />
          <StudyMenu study={study} asks={{ onRename: () => setRenaming(true), onDelete }} />
        </div>
      </div>
      <Progress study={study} />
      <Held study={study} />
    </header>
  );
}

/** Why a study does not continue now, or why the server stopped it. */
function Held({ study: { error, obstacle } }: { study: Study }) {
  const reason = error ? `${error.message} ${error.hint} Resume continues the study.` : obstacle;
  if (!reason) return null;
  return (
    <p role="status" className="w-fit break-words rounded-md bg-warning-soft px-2 py-0.5 text-sm">
      {reason}
    </p>
  );
}

interface NameProps {
  study: Study;
  renaming: boolean;
  onRename: (renaming: boolean) => void;
}

function Name({ study, renaming, onRename }: NameProps) {
  if (renaming)
    return (
      <NameField
        label="Name of the study"
        value={study.name}
        onCommit={(name) => name && void patchStudy(study.id, { name })}
        onLeave={() => onRename(false)}
        className="max-w-72"
      />
    );
  return (
    <h2 className="min-w-0 max-w-96">
      <button
        type="button"
        title={`${study.name}: rename`}
        onClick={() => onRename(true)}
        className="h-6 max-w-full truncate rounded px-1 font-semibold hover:bg-raised"
      >
        {study.name}
      </button>
    </h2>
  );
}

function Commands({ study }: { study: Study }) {
  const command = (name: Parameters<typeof commandStudy>[1]) => () => void commandStudy(study.id, name);
  return (
    <>
      {study.state === "running" && (
        <Button size="sm" aria-label="Pause study" onClick={command("pause")}>
          <CirclePause aria-hidden className="size-3.5" /> Pause
        </Button>
      )}
      {canResume(study) && (
        <Button size="sm" aria-label="Resume study" onClick={command("resume")}>
          <CirclePlay aria-hidden className="size-3.5" /> Resume
        </Button>
      )}
      {isUnderWay(study) && (
        <Button size="sm" aria-label="Stop study" onClick={command("stop")}>
          <CircleStop aria-hidden className="size-3.5" /> Stop
        </Button>
      )}
      {canRetry(study) && (
        <Button size="sm" onClick={command("retry")}>
          <RotateCcw aria-hidden className="size-3.5" /> Retry failed
        </Button>
      )}
    </>
  );
}

function OnCanvas({ id }: { id: string }) {
  const shown = useOverlay((state) => state.study === id);
  return (
    <Button
      size="sm"
      aria-pressed={shown}
      title="Show this study's effects on the canvas"
      onClick={() => overlayStudy(shown ? null : id)}
    >
      <Eye aria-hidden className="size-3.5" /> Show on canvas
    </Button>
  );
}

function Progress({ study }: { study: Study }) {
  const left = timeLeft(study);
  const strategies = useStrategies();
  return (
    <div className="flex flex-wrap items-center gap-x-3 text-sm tabular-nums">
      {isUnderWay(study) && (
        <span className="w-32 shrink-0">
          <ProgressBar share={shareDone(study)} label="Runs ended" />
        </span>
      )}
      <span role="status">{countWords(study)}</span>
      {left && <span>{left}</span>}
      <span className="min-w-0 truncate text-muted">
        {[
          strategyWords(study, strategies),
          aimWords(study.plan.metric, study.direction),
          plural(study.plan.seeds.length, "seed"),
          ...(study.extended.length > 0 ? ["extended after looking"] : []),
          ...(study.graph_name ? [study.graph_name] : []),
        ].join(" · ")}
      </span>
    </div>
  );
}
