import type { ReactNode } from "react";

interface ScrolledProps {
  label: string;
  className: string;
  children: ReactNode;
}

/** A part that scrolls: it has a name, and can be reached by keyboard. */
export function Scrolled({ label, className, children }: ScrolledProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section tabIndex={0} aria-label={label} className={className}>
      {children}
    </section>
  );
}
