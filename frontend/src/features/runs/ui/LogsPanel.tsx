import { Copy, ScrollText } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { findNode, nodeLabel } from "@/features/graph/model/document";
import { locateNode, scopeOf } from "@/features/graph/model/scope";
import { useGraph } from "@/features/graph/store/graph";
import { goTo } from "@/features/graph/store/scope";
import { type LogLevel, type LogLine, lineText, logLines } from "@/features/runs/model/logs";
import { activeRun, useRuns } from "@/features/runs/store/runs";
import { cn } from "@/shared/lib/cn";
import { formatInt, plural } from "@/shared/lib/format";
import { toast } from "@/shared/store/toast";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Select } from "@/shared/ui/fields/Select";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";

const LEVELS: { value: LogLevel; label: string }[] = [
  { value: "info", label: "Everything" },
  { value: "warning", label: "Warnings and errors" },
  { value: "error", label: "Errors only" },
];
const rank = (level: LogLevel): number => LEVELS.findIndex((item) => item.value === level);
const TONE: Record<LogLevel, string> = { info: "", warning: "text-warning", error: "text-danger" };

/** What happened in the run that is shown, line by line, including what its nodes print. */
export function LogsPanel() {
  const run = useRuns(activeRun);
  const events = useRuns((state) => state.log);
  const graph = useGraph((state) => state.graph);
  const [level, setLevel] = useState<LogLevel>("info");
  const lines = useMemo(() => {
    const label = (id: string): string => {
      const place = locateNode(graph, id);
      const node = place && findNode(scopeOf(graph, place.path), place.node);
      return node ? nodeLabel(node) : id;
    };
    return logLines(events, label).filter((line) => rank(line.level) >= rank(level));
  }, [events, graph, level]);
  if (!run)
    return (
      <EmptyState icon={<ScrollText />} title="No run yet">
        The log of a run and what its nodes print appear here.
      </EmptyState>
    );
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(lines.map(lineText).join("\n"));
    toast.success(`Copied ${lines.length} lines.`);
  };
  return (
    <section aria-label="Log" className="flex min-h-0 grow flex-col">
      <div className="flex shrink-0 items-center gap-3 border-b px-3 py-1.5">
        <div className="w-48">
          <Select
            label="Level"
            value={level}
            onChange={(value) => setLevel(value as LogLevel)}
            options={LEVELS}
          />
        </div>
        <span className="min-w-0 grow truncate text-muted text-sm">{run.name}</span>
        <Button size="sm" disabled={lines.length === 0} onClick={() => void copy()}>
          <Copy aria-hidden className="size-3.5" /> Copy
        </Button>
      </div>
      <Lines key={run.id} lines={lines} />
    </section>
  );
}

const SHOWN = 1000;

/** Follows the end, unless the reader has scrolled up. Of a long log the end is drawn, and more when it is asked for. */
function Lines({ lines }: { lines: LogLine[] }) {
  const [most, setMost] = useState(SHOWN);
  const earlier = Math.max(0, lines.length - most);
  const list = useRef<HTMLElement>(null);
  const following = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of the lines that counts
  useEffect(() => {
    if (following.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [lines]);
  return (
    <ScrollRegion
      ref={list}
      label="Lines"
      className="min-h-0 grow overflow-auto py-1 font-mono text-xs"
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        following.current = scrollHeight - scrollTop - clientHeight < 8;
      }}
    >
      {earlier > 0 && (
        <div className="flex justify-center py-1">
          <Button
            size="sm"
            onClick={() => {
              following.current = false;
              setMost(most + SHOWN);
            }}
          >
            Show {formatInt(Math.min(SHOWN, earlier))} of {plural(earlier, "earlier line")}
          </Button>
        </div>
      )}
      {lines.slice(earlier).map((line) => (
        <Line key={line.seq} line={line} />
      ))}
    </ScrollRegion>
  );
}

function Line({ line }: { line: LogLine }) {
  const there = useGraph((state) => line.node !== null && locateNode(state.graph, line.node) !== null);
  const content = (
    <>
      <time className="shrink-0 text-muted">{new Date(line.time * 1000).toLocaleTimeString("en-GB")}</time>
      <span className={cn("whitespace-pre-wrap break-words", TONE[line.level])}>{line.text}</span>
    </>
  );
  const look = "flex min-h-6 w-full items-baseline gap-3 px-3 py-0.5 text-left";
  if (!there || line.node === null) return <p className={look}>{content}</p>;
  const node = line.node;
  return (
    <button
      type="button"
      title="Show the node"
      className={cn(look, "hover:bg-raised")}
      onClick={() => goTo(node)}
    >
      {content}
    </button>
  );
}
