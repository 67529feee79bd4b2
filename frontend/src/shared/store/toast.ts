/** Toasts. The component that draws them loads after the canvas; earlier toasts wait for it. */
import type { ExternalToast, toast as Sonner } from "sonner";

type Kind = "message" | "info" | "success" | "warning" | "error" | "loading";

let drawn: typeof Sonner | null = null;
let waiting: (() => void)[] = [];
let count = 0;

/** Called once the component that draws toasts is mounted. */
export function drawToastsWith(sonner: typeof Sonner): void {
  drawn = sonner;
  for (const show of waiting) show();
  waiting = [];
}

const showAs =
  (kind: Kind) =>
  (text: string, options: ExternalToast = {}): string | number => {
    const id = options.id ?? `toast${++count}`;
    const show = () => void drawn?.[kind](text, { ...options, id });
    if (drawn) show();
    else waiting.push(show);
    return id;
  };

export const toast = {
  message: showAs("message"),
  info: showAs("info"),
  success: showAs("success"),
  warning: showAs("warning"),
  error: showAs("error"),
  loading: showAs("loading"),
  dismiss(id: string | number): void {
    if (drawn) drawn.dismiss(id);
    else waiting.push(() => void drawn?.dismiss(id));
  },
};
