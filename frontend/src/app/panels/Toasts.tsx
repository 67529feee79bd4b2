import { useEffect } from "react";
import { Toaster, toast } from "sonner";
import { drawToastsWith } from "@/shared/store/toast";
import { isDark, useUi } from "@/shared/store/ui";

/** Where toasts appear. */
export function Toasts() {
  const dark = useUi((state) => isDark(state.theme));
  // After the Toaster's own effect, which subscribes it.
  useEffect(() => drawToastsWith(toast), []);
  return <Toaster theme={dark ? "dark" : "light"} position="bottom-right" closeButton />;
}
