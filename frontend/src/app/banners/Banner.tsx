import { CloudOff } from "lucide-react";
import { useServer } from "@/shared/store/server";

/** Says that the server is away; it goes by itself when the server is back. */
export function Banner() {
  const reachable = useServer((state) => state.reachable);
  if (reachable) return null;
  return (
    <div
      role="status"
      className="flex shrink-0 items-center justify-center gap-2 border-b bg-warning-soft px-3 py-1 text-sm text-warning"
    >
      <CloudOff aria-hidden className="size-4" />
      The VisDL server does not answer. You can go on editing: your work is kept in this browser, and the page
      reconnects by itself.
    </div>
  );
}
