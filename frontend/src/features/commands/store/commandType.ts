/** What a command is. */
import type { Reason } from "./commandGuards";

type CommandGroup = "Run" | "Edit" | "Arrange" | "Block" | "View" | "Graph" | "Help";

export interface Command {
  title: string;
  group: CommandGroup;
  /** Other words by which it is looked for. */
  keywords?: string;
  /** As react-hotkeys-hook reads them; the first alternative is the one that is shown. */
  keys?: string;
  /** True where the keys also work while a text field has the focus. */
  whileTyping?: boolean;
  /** True where the keys are others' unless the focus is on the canvas, or nowhere; they say nothing then. */
  onCanvas?: boolean;
  /** True where others hear these keys: copy and paste come by events of their own, Esc ends what is under way first. */
  byEvent?: boolean;
  /** Why it is not possible now, as a sentence; null where it is. */
  when?: () => Reason;
  /** Hears by which of its keys it was asked for. */
  run: (keys?: string) => unknown;
}

/** A list of commands that keeps the names of its entries. */
export const commands = <Names extends string>(list: Record<Names, Command>): Record<Names, Command> => list;
