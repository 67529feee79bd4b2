import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/shared/lib/cn";
import { TYPED } from "@/shared/ui/fields/TextField";
import { IconButton } from "./IconButton";

interface DialogProps {
  open: boolean;
  /** Left out, the dialog cannot be closed by the user. */
  onOpenChange?: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children?: ReactNode;
  /** Buttons, the main one last. */
  footer?: ReactNode;
  size?: keyof typeof SIZES;
}

const SIZES = {
  small: "top-[18vh] max-h-[70vh] w-[min(440px,calc(100vw-32px))]",
  medium: "top-[10vh] max-h-[80vh] w-[min(620px,calc(100vw-32px))]",
  large: "top-[6vh] max-h-[88vh] w-[min(900px,calc(100vw-32px))]",
  wide: "top-[6vh] max-h-[88vh] w-[min(1100px,calc(100vw-32px))]",
} as const;

/** The first Escape takes back what is being typed, the next closes. */
function keepWhileTyping(event: KeyboardEvent): void {
  if (event.target instanceof Element && event.target.matches(`[${TYPED}]`)) event.preventDefault();
}

export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
  footer,
  size = "small",
}: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          onEscapeKeyDown={keepWhileTyping}
          {...(!description && { "aria-describedby": undefined })}
          className={cn(
            "fixed left-1/2 z-50 flex -translate-x-1/2 animate-pop flex-col rounded-lg border bg-panel shadow-pop",
            SIZES[size],
          )}
        >
          <div className="flex items-start gap-3 px-4 pt-3.5 pb-1">
            <Radix.Title className="grow font-semibold text-lg">{title}</Radix.Title>
            {onOpenChange && (
              <Radix.Close asChild>
                <IconButton label="Close" tip={null} className="-mr-1.5">
                  <X />
                </IconButton>
              </Radix.Close>
            )}
          </div>
          {description && (
            <Radix.Description className="px-4 pb-2 text-muted">{description}</Radix.Description>
          )}
          {children && <div className="min-h-0 overflow-y-auto px-4 py-2">{children}</div>}
          {footer && <div className="flex justify-end gap-2 px-4 pt-2 pb-4">{footer}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
