import { useState } from "react";
import { useStudyView } from "@/features/studies/store/studies";
import { useStudies } from "@/features/studies/store/useStudies";
import type { Study } from "@/shared/api/types";
import { DeleteStudyDialog } from "./DeleteStudyDialog";
import { StudyList } from "./StudyList";
import { StudyView } from "./StudyView";

/** Ablation studies: the list of all, or one with its table and plots. */
export function StudiesPanel() {
  const shown = useStudyView((view) => view.shown);
  const { studies, pending, fetching, error } = useStudies();
  const [doomed, setDoomed] = useState<Study | null>(null);
  const study = studies.find(({ id }) => id === shown);
  // A study that was just started is not in the list yet.
  if (shown !== null && !study && fetching) return null;
  return (
    <>
      {study ? (
        <StudyView key={study.id} study={study} onDelete={setDoomed} />
      ) : (
        <StudyList studies={studies} pending={pending} error={error} onDelete={setDoomed} />
      )}
      {doomed && <DeleteStudyDialog study={doomed} onClose={() => setDoomed(null)} />}
    </>
  );
}
