import type { ComponentProps } from "react";
import { cn } from "@/shared/lib/cn";
import { Tooltip } from "./Tooltip";

interface IconButtonProps extends ComponentProps<"button"> {
  /** Its name, and its tooltip. */
  label: string;
  /** What the tooltip says instead, such as why it cannot be used now. */
  tip?: string | undefined;
  keys?: string | undefined;
  size?: "sm" | "md";
  active?: boolean | undefined;
  side?: "top" | "right" | "bottom" | "left";
}

/** A button that is only an icon. With a reason to be off, use `aria-disabled`, so that it can still tell. */
export function IconButton({
  label,
  tip,
  keys,
  size = "md",
  active,
  side,
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip content={tip ?? label} keys={keys} {...(side && { side })}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={active}
        className={cn(
          "inline-flex shrink-0 items-center justify-center rounded-md text-muted transition-colors duration-100",
          "hover:bg-raised hover:text-text disabled:opacity-40 disabled:hover:bg-transparent disabled:hover:text-muted",
          "aria-disabled:opacity-50 [&_svg]:shrink-0",
          size === "sm" ? "size-6 [&_svg]:size-3.5" : "size-7 [&_svg]:size-4",
          active && "bg-raised text-text",
          className,
        )}
        {...rest}
      />
    </Tooltip>
  );
}
