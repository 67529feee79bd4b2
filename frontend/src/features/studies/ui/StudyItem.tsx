import type { KeyboardEvent } from "react";
import { metricLabel } from "@/features/runs/model/metrics";
import { countWords, isUnderWay, shareDone, strategyWords, timeLeft } from "@/features/studies/model/studies";
import { patchStudy, showStudy } from "@/features/studies/store/studies";
import { useStrategies } from "@/features/studies/store/useStrategies";
import type { Study } from "@/shared/api/types";
import { formatAgo } from "@/shared/lib/format";
import { NameField } from "@/shared/ui/fields/NameField";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StudyBadge } from "./StudyBadge";
import { type StudyAsks, StudyMenu } from "./studyMenu";

interface StudyItemProps extends StudyAsks {
  study: Study;
  renaming: boolean;
  onRenamed: () => void;
}

/** A study in the list: a click opens it, F2 renames it, Delete asks whether to delete it. */
export function StudyItem({ study, renaming, onRenamed, ...asks }: StudyItemProps) {
  const strategies = useStrategies();
  const onKeyDown = (event: KeyboardEvent): void => {
    const answer = { F2: asks.onRename, Delete: asks.onDelete }[event.key];
    if (!answer || renaming) return;
    // The canvas has these keys too.
    event.stopPropagation();
    event.preventDefault();
    answer(study);
  };
  return (
    <tr onKeyDown={onKeyDown} className="h-8 border-b bg-panel hover:bg-raised">
      <th scope="row" className="w-full min-w-48 max-w-0 px-2 pl-3 text-left font-normal">
        {renaming ? (
          <NameField
            label={`Name of ${study.name}`}
            value={study.name}
            onCommit={(name) => name && void patchStudy(study.id, { name })}
            onLeave={onRenamed}
          />
        ) : (
          <button
            type="button"
            title={study.name}
            onClick={() => showStudy(study.id)}
            className="h-6 max-w-full truncate rounded text-left font-medium hover:underline"
          >
            {study.name}
          </button>
        )}
      </th>
      <td className="px-2">
        <StudyBadge state={study.state} />
      </td>
      <td className="whitespace-nowrap px-2 tabular-nums">
        <Progress study={study} />
      </td>
      <td className="whitespace-nowrap px-2">{strategyWords(study, strategies)}</td>
      <td className="whitespace-nowrap px-2">{metricLabel(study.plan.metric)}</td>
      <td className="max-w-40 truncate px-2" title={study.graph_name}>
        {study.graph_name}
      </td>
      <td className="whitespace-nowrap px-2 text-right">
        <time title={new Date(study.created * 1000).toLocaleString()}>{formatAgo(study.created)}</time>
      </td>
      <td className="sticky right-0 bg-inherit px-1.5">
        <StudyMenu study={study} asks={asks} />
      </td>
    </tr>
  );
}

function Progress({ study }: { study: Study }) {
  const left = timeLeft(study);
  return (
    <span className="flex items-center gap-2">
      {isUnderWay(study) && (
        <span className="w-14 shrink-0">
          <ProgressBar share={shareDone(study)} label={`Runs of ${study.name} ended`} />
        </span>
      )}
      <span>{countWords(study)}</span>
      {left && <span className="text-muted">{left}</span>}
    </span>
  );
}
