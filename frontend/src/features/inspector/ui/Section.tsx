import type { ReactNode } from "react";

interface SectionProps {
  title: string;
  /** Shown at the end of the title's line. */
  aside?: ReactNode;
  children: ReactNode;
}

export function Section({ title, aside, children }: SectionProps) {
  return (
    <section className="flex flex-col gap-2.5 border-t px-3 pt-2.5 pb-3.5">
      <div className="flex items-center justify-between gap-2">
        <h3 className="font-medium text-muted text-xs">{title}</h3>
        {aside && <div className="-my-1 flex items-center gap-0.5">{aside}</div>}
      </div>
      {children}
    </section>
  );
}
