import { FlaskConical } from "lucide-react";
import { EmptyState } from "@/shared/ui/EmptyState";

/** In the place of what is concluded, while runs are still to come. */
export function Waiting() {
  return (
    <EmptyState icon={<FlaskConical />} title="Not yet">
      Differences come when every planned run has ended: looking earlier finds what is not there.
    </EmptyState>
  );
}
