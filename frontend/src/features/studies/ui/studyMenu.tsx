import { CirclePause, CirclePlay, CircleStop, Pencil, RotateCcw, Trash2 } from "lucide-react";
import { isUnderWay } from "@/features/studies/model/studies";
import { commandStudy } from "@/features/studies/store/studies";
import type { Study } from "@/shared/api/types";
import type { MenuItem } from "@/shared/ui/Menu";
import { MoreMenuButton } from "@/shared/ui/MoreMenuButton";

/** What a study requests and a dialog or a field of the panel answers. */
export interface StudyAsks {
  onRename: (study: Study) => void;
  onDelete: (study: Study) => void;
}

/** The menu button of a study. */
export function StudyMenu({ study, asks }: { study: Study; asks: StudyAsks }) {
  return <MoreMenuButton label={`More for ${study.name}`} items={() => studyMenu(study, asks)} />;
}

/** The actions on a study in its state. */
function studyMenu(study: Study, { onRename, onDelete }: StudyAsks): MenuItem[] {
  return [
    ...commands(study),
    { label: "Rename", icon: <Pencil />, keys: "f2", onSelect: () => onRename(study) },
    {
      label: "Delete…",
      icon: <Trash2 />,
      keys: "delete",
      danger: true,
      separated: true,
      onSelect: () => onDelete(study),
    },
  ];
}

function commands(study: Study): MenuItem[] {
  const action = (
    label: string,
    icon: MenuItem["icon"],
    command: Parameters<typeof commandStudy>[1],
  ): MenuItem => ({
    label,
    icon,
    onSelect: () => void commandStudy(study.id, command),
  });
  return [
    ...(study.state === "running" ? [action("Pause", <CirclePause />, "pause")] : []),
    ...(canResume(study) ? [action("Resume", <CirclePlay />, "resume")] : []),
    ...(isUnderWay(study) ? [action("Stop", <CircleStop />, "stop")] : []),
    ...(canRetry(study) ? [action("Retry failed", <RotateCcw />, "retry")] : []),
  ];
}

export const canResume = ({ state }: Study): boolean => state === "paused" || state === "stopped";

export const canRetry = ({ counts }: Study): boolean => counts.failed > 0;
