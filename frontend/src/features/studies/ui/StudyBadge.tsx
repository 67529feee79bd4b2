import { CircleCheck, CirclePause, CircleStop, LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";
import { studyStateLabel } from "@/features/studies/model/studies";
import type { StudyState } from "@/shared/api/types";
import { Badge, type Tone } from "@/shared/ui/Badge";

const LOOKS: Record<StudyState, [Tone, ReactNode]> = {
  running: ["accent", <LoaderCircle key="i" aria-hidden className="size-3 motion-safe:animate-spin" />],
  paused: ["warning", <CirclePause key="i" aria-hidden className="size-3" />],
  stopped: ["neutral", <CircleStop key="i" aria-hidden className="size-3" />],
  completed: ["success", <CircleCheck key="i" aria-hidden className="size-3" />],
};

/** A study's state by word, colour and sign. */
export function StudyBadge({ state }: { state: StudyState }) {
  const [tone, icon] = LOOKS[state];
  return (
    <Badge tone={tone}>
      {icon}
      {studyStateLabel(state)}
    </Badge>
  );
}
