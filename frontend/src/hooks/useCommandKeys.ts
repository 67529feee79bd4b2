import { useHotkeys } from "react-hotkeys-hook";
import { COMMANDS, type Command } from "@/store/commands";
import { useUi } from "@/store/ui";

const ALL: Command[] = Object.values(COMMANDS);
const keysOf = (typing: boolean): Command[] =>
  ALL.filter((command) => command.keys && (command.whileTyping ?? false) === typing);
const [PLAIN, TYPING] = [keysOf(false), keysOf(true)];
const bindings = (commands: Command[]): string[] =>
  commands.flatMap((command) => command.keys?.split(",").map((keys) => keys.trim()) ?? []);

function runBy(commands: Command[], hotkey: string): void {
  commands.find((command) => bindings([command]).includes(hotkey))?.run();
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
      return copying && !document.getSelection()?.isCollapsed;
    },
  });
}
