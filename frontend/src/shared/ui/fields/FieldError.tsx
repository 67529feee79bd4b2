import { type ReactElement, useState } from "react";
import { FloatingTip } from "@/shared/ui/FloatingTip";

interface FieldErrorProps {
  /** What is wrong with the text in the field; null where it is valid. */
  problem: string | null;
  /** Below the field, or in a tip while it is used or pointed at, where there is no room. */
  at: "below" | "tip";
  children: ReactElement;
}

/** A field with the reason why it does not accept the text. */
export function FieldError({ problem, at, children }: FieldErrorProps) {
  if (at === "tip") return <Tip problem={problem}>{children}</Tip>;
  return (
    <div className="flex w-full min-w-0 flex-col gap-1">
      {children}
      {problem && (
        <p role="alert" className="wrap-anywhere text-danger text-xs">
          {problem}
        </p>
      )}
    </div>
  );
}

function Tip({ problem, children }: { problem: string | null; children: ReactElement }) {
  const [near, setNear] = useState(false);
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const reached = { onPointerEnter: () => setNear(true), onPointerLeave: () => setNear(false) };
  const used = { onFocus: () => setNear(true), onBlur: () => setNear(false) };
  return (
    <>
      <span ref={setAnchor} className="flex w-full min-w-0" {...reached} {...used}>
        {children}
      </span>
      {problem && (
        <span role="alert" className="sr-only">
          {problem}
        </span>
      )}
      {problem && near && anchor && (
        <FloatingTip
          anchor={anchor}
          placement="bottom-end"
          className="max-w-64 border-danger bg-danger-soft text-danger"
        >
          {problem}
        </FloatingTip>
      )}
    </>
  );
}
