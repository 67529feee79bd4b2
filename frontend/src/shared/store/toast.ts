/** What the page says in passing. What draws it loads after the canvas; what is said before then waits for it. */
import type { ExternalToast, toast as Sonner } from "sonner";

type Kind = "message" | "info" | "success" | "warning" | "error" | "loading";

let drawn: typeof Sonner | null = null;
let waiting: (() => void)[] = [];
let said = 0;

/** Called once there is something that draws toasts. */
export function drawToastsWith(sonner: typeof Sonner): void {
  drawn = sonner;
  for (const say of waiting) say();
  waiting = [];
}

const sayAs =
  (kind: Kind) =>
  (text: string, options: ExternalToast = {}): string | number => {
    const id = options.id ?? `said${++said}`;
    const say = () => void drawn?.[kind](text, { ...options, id });
    if (drawn) say();
    else waiting.push(say);
    return id;
  };

export const toast = {
  message: sayAs("message"),
  info: sayAs("info"),
  success: sayAs("success"),
  warning: sayAs("warning"),
  error: sayAs("error"),
  loading: sayAs("loading"),
  dismiss(id: string | number): void {
    if (drawn) drawn.dismiss(id);
    else waiting.push(() => void drawn?.dismiss(id));
  },
};
