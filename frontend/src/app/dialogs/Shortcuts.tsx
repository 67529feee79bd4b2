import { COMMANDS, type Command } from "@/features/commands/store/commands";
import { Dialog } from "@/shared/ui/Dialog";
import { Kbd } from "@/shared/ui/Kbd";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";

/** Every command that has keys. */
export function Shortcuts({ onClose }: { onClose: () => void }) {
  const commands: Command[] = Object.values<Command>(COMMANDS).filter((command) => command.keys);
  const groups = [...new Set(commands.map((command) => command.group))];
  return (
    <Dialog open onOpenChange={onClose} title="Keyboard shortcuts" size="medium">
      <ScrollRegion label="Shortcuts" className="columns-2 gap-8 pb-3 outline-none">
        {groups.map((group) => (
          <section key={group} className="mb-3 break-inside-avoid">
            <h3 className="mb-1 font-medium text-muted text-xs">{group}</h3>
            <ul>
              {commands
                .filter((command) => command.group === group)
                .map((command) => (
                  <li key={command.title} className="flex min-h-7 items-center justify-between gap-3">
                    {command.title}
                    <Kbd keys={command.keys ?? ""} />
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </ScrollRegion>
    </Dialog>
  );
}
