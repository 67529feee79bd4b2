import { FlaskConical } from "lucide-react";
import { EmptyState } from "@/shared/ui/EmptyState";

/** Shown in place of conclusions while runs are pending. */
export function Waiting() {
  return (
    <EmptyState icon={<FlaskConical />} title="Not yet">
      Differences appear when every planned run has ended: looking earlier finds differences that do not
      exist.
    </EmptyState>
  );
}
