import {
  CircleAlert,
  CircleCheck,
  CirclePause,
  CircleSlash,
  CircleStop,
  Clock,
  LoaderCircle,
} from "lucide-react";
import type { ReactNode } from "react";
import type { RunState } from "@/shared/api/types";
import { stateLabel } from "@/shared/lib/runStates";
import { Badge, type Tone } from "./Badge";

const busy = <LoaderCircle aria-hidden className="size-3 motion-safe:animate-spin" />;
const LOOKS: Record<RunState, [Tone, ReactNode]> = {
  queued: ["neutral", <Clock key="i" aria-hidden className="size-3" />],
  starting: ["accent", busy],
  running: ["accent", busy],
  paused: ["warning", <CirclePause key="i" aria-hidden className="size-3" />],
  stopping: ["warning", busy],
  stopped: ["neutral", <CircleStop key="i" aria-hidden className="size-3" />],
  completed: ["success", <CircleCheck key="i" aria-hidden className="size-3" />],
  failed: ["danger", <CircleAlert key="i" aria-hidden className="size-3" />],
  interrupted: ["warning", <CircleSlash key="i" aria-hidden className="size-3" />],
};

/** A state by word, colour and sign. */
export function StateBadge({ state }: { state: RunState }) {
  const [tone, icon] = LOOKS[state];
  return (
    <Badge tone={tone}>
      {icon}
      {stateLabel(state)}
    </Badge>
  );
}
