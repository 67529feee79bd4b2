import { lazy, Suspense } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Kbd } from "@/components/ui/Kbd";
import { COMMANDS, type Command } from "@/store/commands";
import { loadTheirs, saveCopy } from "@/store/documents";
import { openDialog, useUi } from "@/store/ui";
import { MakeBlockDialog } from "./MakeBlockDialog";
import { StartersDialog } from "./StartersDialog";

const CommandPalette = lazy(async () => ({ default: (await import("./CommandPalette")).CommandPalette }));

const close = (): void => openDialog(null);

/** The dialogs that belong to the whole page; at most one is open. */
export function Dialogs() {
  const dialog = useUi((state) => state.dialog);
  if (dialog === "commands") {
    return (
      <Suspense fallback={null}>
        <CommandPalette onClose={close} />
      </Suspense>
    );
  }
  if (dialog === "starters") return <StartersDialog onClose={close} />;
  if (dialog === "makeBlock") return <MakeBlockDialog onClose={close} />;
  if (dialog === "help") return <Shortcuts />;
  if (dialog === "conflict") return <Conflict />;
  return null;
}

function Shortcuts() {
  const commands: Command[] = Object.values(COMMANDS);
  const groups = [...new Set(commands.map((command) => command.group))];
  return (
    <Dialog open onOpenChange={close} title="Keyboard shortcuts" size="medium">
      <div className="columns-2 gap-8 pb-3">
        {groups.map((group) => (
          <section key={group} className="mb-3 break-inside-avoid">
            <h3 className="mb-1 font-medium text-muted text-xs">{group}</h3>
            <ul>
              {commands
                .filter((command) => command.group === group && command.keys)
                .map((command) => (
                  <li key={command.title} className="flex h-7 items-center justify-between gap-3">
                    {command.title}
                    <Kbd keys={command.keys ?? ""} />
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function Conflict() {
  const choose = (action: () => Promise<void>) => () => {
    close();
    void action();
  };
  return (
    <Dialog
      open
      onOpenChange={close}
      title="This graph was changed elsewhere"
      description="Another tab or browser has changed it since you opened it here. Nothing was overwritten; choose what to go on with."
      footer={
        <>
          <Button onClick={choose(loadTheirs)}>Load theirs</Button>
          <Button variant="primary" onClick={choose(() => saveCopy())}>
            Keep mine as a copy
          </Button>
        </>
      }
    />
  );
}
