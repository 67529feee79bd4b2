import { Cloud, CloudOff, Cpu, MemoryStick, Microchip } from "lucide-react";
import type { ReactNode } from "react";
import { useGraph } from "@/features/graph/store/graph";
import { useRuns } from "@/features/runs/store/runs";
import type { GpuStats } from "@/shared/api/types";
import { formatBytes } from "@/shared/lib/format";
import { useSystem } from "@/shared/store/system";
import { DiskItem } from "./DiskItem";
import { QueueItem } from "./QueueItem";
import { SignOutButton } from "./SignOutButton";

const SAVED = {
  clean: "All changes saved",
  pending: "Saving…",
  nowhere: "Kept on this page only",
  browser: "Kept in this browser",
  server: "Draft kept on the server",
} as const;

/** Connection, machine, queue and autosave, in one line. */
export function StatusBar() {
  const socket = useRuns((state) => state.socket);
  const { stats } = useSystem();
  const draft = useGraph((state) => state.draft);
  const stale = socket !== "open";
  return (
    <footer className="flex h-7 shrink-0 items-center gap-4 overflow-x-auto overflow-y-hidden whitespace-nowrap border-t [scrollbar-width:none] bg-panel px-3 text-muted text-xs">
      <Item icon={stale ? <CloudOff className="text-danger" /> : <Cloud className="text-success" />}>
        <span role="status">
          {socket === "open" ? "Connected" : socket === "connecting" ? "Connecting…" : "Disconnected"}
        </span>
      </Item>
      {stats && !stale && (
        <>
          <Item icon={<Cpu />} title={`${stats.cpu_count} cores`}>
            CPU <Value>{Math.round(stats.cpu_percent)} %</Value>
          </Item>
          <Item icon={<MemoryStick />}>
            RAM{" "}
            <Value>
              {formatBytes(stats.ram_used)} / {formatBytes(stats.ram_total)}
            </Value>
          </Item>
          {stats.gpus.length === 0 ? (
            <Item icon={<Microchip />}>No GPU</Item>
          ) : (
            stats.gpus.map((gpu) => <Gpu key={gpu.index} gpu={gpu} />)
          )}
          <DiskItem stats={stats} />
          <Item>
            Device <Value>{stats.device}</Value>
          </Item>
          <QueueItem stats={stats} />
        </>
      )}
      <span className="sticky right-0 ml-auto flex shrink-0 items-center gap-2 bg-panel pl-4">
        {SAVED[draft]}
        <SignOutButton />
      </span>
    </footer>
  );
}

function Gpu({ gpu }: { gpu: GpuStats }) {
  const figures = [
    gpu.utilization !== null && `${Math.round(gpu.utilization)} %`,
    gpu.memory_used !== null && `${formatBytes(gpu.memory_used)} / ${formatBytes(gpu.memory_total)}`,
  ].filter(Boolean);
  const detail = [
    gpu.name,
    gpu.temperature !== null && `${gpu.temperature} °C`,
    gpu.power !== null && `${Math.round(gpu.power)} W`,
  ];
  return (
    <Item icon={<Microchip />} title={detail.filter(Boolean).join(" · ")}>
      GPU {gpu.index} <Value>{figures.join(" · ") || "–"}</Value>
    </Item>
  );
}

function Item({ icon, title, children }: { icon?: ReactNode; title?: string; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5 [&_svg]:size-3.5" title={title}>
      {icon && <span aria-hidden>{icon}</span>}
      <span>{children}</span>
    </span>
  );
}

function Value({ children }: { children: ReactNode }) {
  return <span className="font-mono text-text tabular-nums">{children}</span>;
}
