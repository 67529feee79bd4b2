import { Tooltip as Radix } from "radix-ui";
import { type ReactElement, useState } from "react";

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
  const reached = { onPointerEnter: () => setNear(true), onPointerLeave: () => setNear(false) };
  const used = { onFocus: () => setNear(true), onBlur: () => setNear(false) };
  return (
    <Radix.Root open={problem !== null && near}>
      <Radix.Trigger asChild>
        <span className="flex w-full min-w-0" {...reached} {...used}>
          {children}
        </span>
      </Radix.Trigger>
      {problem && (
        <span role="alert" className="sr-only">
          {problem}
        </span>
      )}
      <Radix.Portal>
        <Radix.Content
          side="bottom"
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="tooltip z-50 max-w-64 rounded-md border border-danger bg-danger-soft px-2 py-1 text-danger text-sm shadow-pop"
        >
          {problem}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
