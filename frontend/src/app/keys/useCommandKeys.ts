import { useHotkeys } from "react-hotkeys-hook";
import { COMMANDS, type Command, perform } from "@/features/commands/store/commands";
import { useUi } from "@/shared/store/ui";

const ALL = Object.values<Command>(COMMANDS).filter((command) => command.keys && !command.byEvent);
const TYPING = ALL.filter((command) => command.whileTyping);
const ON_CANVAS = ALL.filter((command) => command.onCanvas);
const PLAIN = ALL.filter((command) => !command.whileTyping && !command.onCanvas);
const CANVAS = "body, .react-flow, .react-flow__pane, .react-flow__node, .react-flow__edge";

const bindings = (commands: Command[]): string[] =>
  commands.flatMap((command) => command.keys?.split(",").map((keys) => keys.trim()) ?? []);

function runBy(commands: Command[], hotkey: string): void {
  const command = commands.find((one) => bindings([one]).includes(hotkey));
  if (command) perform(command, hotkey);
}

/** Binds the keys of all commands. Text that is selected can still be copied; dialogs keep their own keys. */
export function useCommandKeys(): void {
  const dialog = useUi((state) => state.dialog);
  const options = { enabled: dialog === null, preventDefault: true, useKey: true };
  useHotkeys(bindings(TYPING), (_event, { hotkey }) => runBy(TYPING, hotkey), {
    ...options,
    enableOnFormTags: true,
    enableOnContentEditable: true,
  });
  useHotkeys(bindings(PLAIN), (_event, { hotkey }) => runBy(PLAIN, hotkey), {
    ...options,
    ignoreEventWhen: (event) => {
      const copying = (event.ctrlKey || event.metaKey) && (event.key === "c" || event.key === "x");
      // In an open list, letters find the item that begins with them.
      const inList = event.target instanceof Element && event.target.closest("[role=listbox]");
      return (copying && !document.getSelection()?.isCollapsed) || Boolean(inList);
    },
  });
  useHotkeys(bindings(ON_CANVAS), (_event, { hotkey }) => runBy(ON_CANVAS, hotkey), {
    ...options,
    ignoreEventWhen: ({ target }) => !(target instanceof Element && target.matches(CANVAS)),
  });
}
