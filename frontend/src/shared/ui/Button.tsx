import type { ComponentProps } from "react";
import { cn } from "@/shared/lib/cn";

type ButtonVariant = "primary" | "secondary" | "ghost" | "danger";

const VARIANTS: Record<ButtonVariant, string> = {
  primary: "bg-accent text-accent-text hover:brightness-110 border-transparent font-medium",
  secondary:
    "bg-panel text-text border-line hover:bg-raised aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent",
  ghost: "border-transparent text-text hover:bg-raised",
  danger: "bg-danger text-accent-text border-transparent hover:brightness-110 font-medium",
};

interface ButtonProps extends ComponentProps<"button"> {
  variant?: ButtonVariant;
  size?: "sm" | "md";
}

export function Button({
  variant = "secondary",
  size = "md",
  className,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      className={cn(
        "inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md border transition-colors duration-100",
        "disabled:pointer-events-none disabled:opacity-50 aria-disabled:opacity-50",
        size === "sm" ? "h-6 px-2 text-sm" : "h-7 px-2.5 text-base",
        VARIANTS[variant],
        className,
      )}
      {...rest}
    />
  );
}
