import { Command as CommandIcon, Moon, Redo2, Save, Sun, Undo2, Wand2 } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { IconButton } from "@/components/ui/IconButton";
import { Kbd } from "@/components/ui/Kbd";
import { type CommandId, command } from "@/store/commands";
import { isDirty, useGraph, useHistory } from "@/store/graph";
import { isDark, useUi } from "@/store/ui";
import { GraphName } from "./GraphName";
import { RunControls } from "./RunControls";
import { ValidityChip } from "./ValidityChip";

interface ToolProps {
  id: CommandId;
  icon: React.ReactNode;
  disabled?: boolean;
}

function Tool({ id, icon, disabled }: ToolProps) {
  const { title, keys, run } = command(id);
  return (
    <IconButton label={title} keys={keys} disabled={disabled} onClick={() => run()}>
      {icon}
    </IconButton>
  );
}

export function TopBar() {
  const { past, future } = useHistory();
  const dirty = useGraph(isDirty);
  const dark = useUi((state) => isDark(state.theme));
  return (
    <header className="flex h-11 shrink-0 items-center gap-1 border-b bg-panel px-2">
      <Logo />
      <GraphName />
      <Tool id="save" icon={<Save className={dirty ? "text-accent" : undefined} />} />
      <span className="mx-1 h-4 w-px bg-line" />
      <Tool id="undo" icon={<Undo2 />} disabled={past === 0} />
      <Tool id="redo" icon={<Redo2 />} disabled={future === 0} />
      <Tool id="tidy" icon={<Wand2 />} />
      <ValidityChip />
      <div className="ml-auto flex items-center gap-1">
        <RunControls />
        <span className="mx-1 h-4 w-px bg-line" />
        <Button variant="ghost" className="px-1.5 text-muted" onClick={() => command("commands").run()}>
          <CommandIcon aria-hidden className="size-4" />
          <span className="sr-only">All commands</span>
          <Kbd keys="mod+k" />
        </Button>
        <Tool id="theme" icon={dark ? <Sun /> : <Moon />} />
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
