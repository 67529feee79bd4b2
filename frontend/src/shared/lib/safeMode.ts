/** The page without drawing the graph: `?safe` in the address. */

export function isSafeMode(): boolean {
  return new URLSearchParams(globalThis.location?.search ?? "").has("safe");
}

/** What a person who helps needs to know about a crash. */
export function crashReport(error: Error, where: string): string {
  return [
    `VisDL crashed: ${where}`,
    `${error.name}: ${error.message}`,
    error.stack ?? "",
    `Browser: ${navigator.userAgent}`,
    `Time: ${new Date().toISOString()}`,
  ].join("\n");
}
