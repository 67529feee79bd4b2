import { Wrench } from "lucide-react";
import type { Fix } from "@/api/types";
import { Button } from "@/components/ui/Button";
import { takeRemedy } from "@/store/editing";

/** The remedy of a problem, done by a click. */
export function FixButton({ fix }: { fix: Fix | null }) {
  if (!fix) return null;
  return (
    <Button size="sm" className="mt-1 self-start" onClick={() => takeRemedy(fix)}>
      <Wrench aria-hidden className="size-3.5" /> {fix.label}
    </Button>
  );
}
