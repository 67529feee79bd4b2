/** The type of a command. */
import type { Reason } from "./commandGuards";

type CommandGroup = "Run" | "Edit" | "Arrange" | "Block" | "View" | "Graph" | "Help";

export interface Command {
  title: string;
  group: CommandGroup;
  /** Other words that find it. */
  keywords?: string;
  /** In the syntax of react-hotkeys-hook; the first alternative is shown. */
  keys?: string;
  /** True if the keys also work while a text field has the focus. */
  whileTyping?: boolean;
  /** True if the keys apply only while the canvas, or nothing, has the focus; they show no message then. */
  onCanvas?: boolean;
  /**
   * True if these keys are handled elsewhere: copy and paste by their own events, Esc by the current gesture
   * first.
   */
  byEvent?: boolean;
  /** Why it is not possible now, as a sentence; null if it is. */
  when?: () => Reason;
  /** Receives the keys that triggered it. */
  run: (keys?: string) => unknown;
}

/** Define a list of commands that keeps the names of its entries. */
export const commands = <Names extends string>(list: Record<Names, Command>): Record<Names, Command> => list;
