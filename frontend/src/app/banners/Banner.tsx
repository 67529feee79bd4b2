import { CloudOff } from "lucide-react";
import { useServer } from "@/shared/store/server";

/** Reports that the server does not answer; it disappears when the server is back. */
export function Banner() {
  const reachable = useServer((state) => state.reachable);
  if (reachable) return null;
  return (
    <div
      role="status"
      className="flex shrink-0 items-center justify-center gap-2 border-b bg-warning-soft px-3 py-1 text-sm text-warning"
    >
      <CloudOff aria-hidden className="size-4" />
      The VisDL server does not answer. You can keep editing: your work is stored in this browser, and the
      page reconnects automatically.
    </div>
  );
}
