import { LogOut } from "lucide-react";
import { command } from "@/features/commands/store/commands";
import { useServer } from "@/shared/store/server";
import { Button } from "@/shared/ui/Button";

/** Shown where this browser has a session to end. */
export function SignOutButton() {
  const hasSession = useServer((state) => state.hasSession);
  if (!hasSession) return null;
  const { title, run } = command("signOut");
  return (
    <Button variant="ghost" size="sm" onClick={() => void run()}>
      <LogOut aria-hidden className="size-3.5" />
      {title}
    </Button>
  );
}
