/** Key combinations as react-hotkeys-hook reads them ("mod+shift+z"), shown as people know them. */

const NAMES: Record<string, string> = {
  shift: "Shift",
  alt: "Alt",
  enter: "Enter",
  delete: "Del",
  backspace: "Backspace",
  escape: "Esc",
  arrowleft: "←",
  arrowright: "→",
  arrowup: "↑",
  arrowdown: "↓",
};

const isMac = (): boolean => /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? "");

/** The caps of the first alternative: "mod+shift+z, mod+y" is Ctrl, Shift, Z. */
export function formatKeys(keys: string): string[] {
  const first = keys.split(",")[0]?.trim() ?? "";
  // Shift only makes the question mark here; naming it would be noise.
  return first
    .replace("shift+?", "?")
    .split("+")
    .map((key) => {
      if (key === "mod") return isMac() ? "⌘" : "Ctrl";
      return NAMES[key] ?? key.toUpperCase();
    });
}
