import { ChevronDown, Dices, Pause, Play, Square } from "lucide-react";
import { runItems } from "@/features/commands/ui/menus";
import { useGraph } from "@/features/graph/store/graph";
import { progressShare } from "@/features/runs/model/runs";
import {
  activeRun,
  liveRun,
  newSeed,
  pauseRun,
  resumeRun,
  setSeed,
  startRun,
  stopRun,
  useRuns,
} from "@/features/runs/store/runs";
import { stateLabel } from "@/shared/lib/runStates";
import { Button } from "@/shared/ui/Button";
import { NumberField } from "@/shared/ui/fields/NumberField";
import { IconButton } from "@/shared/ui/IconButton";
import { Menu } from "@/shared/ui/Menu";
import { Tooltip } from "@/shared/ui/Tooltip";

/** Run, Pause, Resume and Stop, the seed beside them, and the run's progress. */
export function RunControls() {
  const live = useRuns(liveRun);
  const interrupted = useRuns((state) =>
    activeRun(state)?.state === "interrupted" ? activeRun(state) : undefined,
  );
  const seed = useRuns((state) => state.seed);
  return (
    <fieldset aria-label="Run" className="flex min-w-0 items-center gap-1">
      {live && (
        <span role="status" className="mr-1 whitespace-nowrap text-muted text-sm tabular-nums">
          {stateLabel(live.state)}
          {/* Each percent is not worth a word. */}
          <span aria-hidden> {Math.floor(progressShare(live) * 100)} %</span>
        </span>
      )}
      {(live?.state === "paused" || (!live && interrupted)) && (
        <Button onClick={() => void resumeRun()}>
          <Play aria-hidden className="size-3.5" /> Resume
        </Button>
      )}
      {live && live.state !== "paused" && (
        <Button disabled={live.state !== "running"} onClick={() => void pauseRun()}>
          <Pause aria-hidden className="size-3.5" /> Pause
        </Button>
      )}
      {live && (
        <Button disabled={live.state === "stopping"} onClick={() => void stopRun()}>
          <Square aria-hidden className="size-3.5" /> Stop
        </Button>
      )}
      <div className="flex items-center gap-px">
        <RunButton />
        <Menu items={runItems} align="end">
          <Button variant="primary" aria-label="More ways to run" className="rounded-l-none px-1">
            <ChevronDown aria-hidden className="size-3.5" />
          </Button>
        </Menu>
      </div>
      <div className="ml-1 flex items-center">
        <span className="mr-1 text-muted text-sm max-[1150px]:sr-only">Seed</span>
        <div className="w-20">
          <NumberField
            label="Seed"
            integer
            min={0}
            value={seed}
            onCommit={(value) => setSeed(Math.max(0, Math.round(value ?? 0)))}
            className="font-mono text-sm"
          />
        </div>
        <IconButton label="New seed" onClick={newSeed}>
          <Dices />
        </IconButton>
      </div>
    </fieldset>
  );
}

function RunButton() {
  const starting = useRuns((state) => state.starting);
  const errors = useGraph(
    (state) => state.report?.diagnostics.filter((found) => found.severity === "error").length ?? 0,
  );
  const empty = useGraph((state) => state.graph.nodes.length === 0);
  const reason = empty
    ? "There is nothing to run: add nodes first"
    : errors > 0
      ? `The graph has ${errors === 1 ? "a problem" : `${errors} problems`}: see Problems`
      : "Train this graph";
  return (
    <Tooltip content={reason} keys="mod+enter">
      <Button
        variant="primary"
        className="rounded-r-none"
        aria-disabled={empty || errors > 0 || starting}
        onClick={() => !empty && void startRun()}
      >
        <Play aria-hidden className="size-3.5" /> {starting ? "Starting…" : "Run"}
      </Button>
    </Tooltip>
  );
}
