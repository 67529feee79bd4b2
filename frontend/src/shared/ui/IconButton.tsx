import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/shared/lib/cn";
import { Tooltip } from "./Tooltip";

const TONES = {
  panel: "text-muted hover:bg-raised hover:text-text disabled:hover:text-muted",
  /** On a row that is raised itself while it is pointed at. */
  row: "text-muted hover:bg-line hover:text-text disabled:hover:text-muted",
  danger: "text-danger hover:bg-danger-soft",
} as const;

interface IconButtonProps extends ComponentProps<"button"> {
  /** Its accessible name, and its tooltip. */
  label: string;
  /** The tooltip, where it differs from the name; null for none. */
  tip?: ReactNode;
  keys?: string | undefined;
  size?: "sm" | "md";
  tone?: keyof typeof TONES;
  active?: boolean | undefined;
  side?: "top" | "right" | "bottom" | "left";
}

/** A button with only an icon. To disable it with a reason, use `aria-disabled`, which keeps the tooltip. */
export function IconButton({
  label,
  tip = label,
  keys,
  size = "md",
  tone = "panel",
  active,
  side,
  className,
  ...rest
}: IconButtonProps) {
  const button = (
    <button
      type="button"
      aria-label={label}
      aria-pressed={active}
      className={cn(
        "inline-flex shrink-0 items-center justify-center rounded-md transition-colors duration-100",
        "disabled:opacity-40 disabled:hover:bg-transparent aria-disabled:opacity-50 [&_svg]:shrink-0",
        TONES[tone],
        size === "sm" ? "size-6 [&_svg]:size-3.5" : "size-7 [&_svg]:size-4",
        active && "bg-raised text-text",
        className,
      )}
      {...rest}
    />
  );
  if (tip === null) return button;
  return (
    <Tooltip content={tip} keys={keys} {...(side && { side })}>
      {button}
    </Tooltip>
  );
}
