import { Wrench } from "lucide-react";
import { applyDiagnosticFix } from "@/features/graph/store/editing";
import type { Fix } from "@/shared/api/types";
import { Button } from "@/shared/ui/Button";

/** The fix of a diagnostic, as a button. */
export function FixButton({ fix }: { fix: Fix | null }) {
  if (!fix) return null;
  return (
    <Button size="sm" className="mt-1 self-start" onClick={() => applyDiagnosticFix(fix)}>
      <Wrench aria-hidden className="size-3.5" /> {fix.label}
    </Button>
  );
}
