import { Command as CommandKey, History, Redo2, Save, SunMoon, Undo2, Wand2 } from "lucide-react";
import type { ReactNode } from "react";
import { type CommandId, command } from "@/features/commands/store/commands";
import { isDirty, useGraph, useHistory } from "@/features/graph/store/graph";
import { Button } from "@/shared/ui/Button";
import { IconButton } from "@/shared/ui/IconButton";
import { Kbd } from "@/shared/ui/Kbd";
import { GraphName } from "./GraphName";
import { RunControls } from "./RunControls";
import { ValidityChip } from "./ValidityChip";

interface ToolProps {
  id: CommandId;
  disabled?: boolean;
  children: ReactNode;
}

function Tool({ id, disabled, children }: ToolProps) {
  const { title, keys, run } = command(id);
  return (
    <IconButton label={title} keys={keys} disabled={disabled} onClick={() => run()}>
      {children}
    </IconButton>
  );
}

export function TopBar() {
  const { past, future } = useHistory();
  const dirty = useGraph(isDirty);
  return (
    <header className="flex h-11 shrink-0 items-center gap-1 border-b bg-panel px-2">
      <Logo />
      <GraphName />
      <Tool id="save">
        <Save className={dirty ? "text-accent" : undefined} />
      </Tool>
      <Tool id="versions">
        <History />
      </Tool>
      <span className="mx-1 h-4 w-px bg-line" />
      <Tool id="undo" disabled={past === 0}>
        <Undo2 />
      </Tool>
      <Tool id="redo" disabled={future === 0}>
        <Redo2 />
      </Tool>
      <Tool id="tidy">
        <Wand2 />
      </Tool>
      <ValidityChip />
      <div className="ml-auto flex items-center gap-1">
        <RunControls />
        <span className="mx-1 h-4 w-px bg-line" />
        <Button variant="ghost" className="px-1.5 text-muted" onClick={() => command("commands").run()}>
          <CommandKey aria-hidden className="size-4" />
          <span className="sr-only">All commands</span>
          <Kbd keys="mod+k" />
        </Button>
        <Tool id="theme">
          <SunMoon />
        </Tool>
      </div>
    </header>
  );
}

function Logo() {
  return (
    <svg role="img" aria-label="VisDL" viewBox="0 0 32 32" className="mx-1 size-6 shrink-0">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <g stroke="var(--accent-text)" strokeWidth="2" strokeLinecap="round">
        <path d="M9 10 23 16M9 22l14-6" />
      </g>
      <g fill="var(--accent-text)">
        <circle cx="9" cy="10" r="3.4" />
        <circle cx="9" cy="22" r="3.4" />
        <circle cx="23" cy="16" r="3.4" />
      </g>
    </svg>
  );
}
