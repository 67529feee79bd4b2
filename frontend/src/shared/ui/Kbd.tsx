import { formatKeys } from "@/shared/lib/keys";

/** A key combination as key caps; "mod" is Ctrl, or Cmd on a Mac. */
export function Kbd({ keys }: { keys: string }) {
  return (
    <kbd className="inline-flex shrink-0 items-center gap-0.5 font-sans text-muted text-xs">
      {formatKeys(keys).map((key) => (
        <span key={key} className="min-w-4 rounded-sm border border-line-strong px-1 text-center leading-4">
          {key}
        </span>
      ))}
    </kbd>
  );
}
