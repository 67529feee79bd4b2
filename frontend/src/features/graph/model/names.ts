/** Names and ids that are free. */

const numbered = (stem: string, by: string, isTaken: (name: string) => boolean): string => {
  for (let n = 2; ; n++) if (!isTaken(`${stem}${by}${n}`)) return `${stem}${by}${n}`;
};

/** Return the first free name; otherwise the last one, numbered. */
export function freeName(taken: ReadonlySet<string>, ...preferred: string[]): string {
  const free = preferred.find((name) => name && !taken.has(name));
  return free ?? numbered(preferred.at(-1) || "port", "_", (name) => taken.has(name));
}

/** Return a free id: "encoder", then "encoder_2". */
export function freeId(taken: ReadonlySet<string>, preferred: string): string {
  if (!taken.has(preferred)) return preferred;
  return numbered(preferred.replace(/_\d+$/, ""), "_", (name) => taken.has(name));
}

/** Return a free display name: "Encoder", then "Encoder 2". */
export function freeTitle(taken: ReadonlySet<string>, preferred: string): string {
  if (!taken.has(preferred)) return preferred;
  return numbered(preferred.replace(/ \d+$/, ""), " ", (name) => taken.has(name));
}

/** Return an id for a name: "Block 1" becomes "block_1". */
export function idFromName(name: string): string {
  const id = name
    .toLowerCase()
    .normalize("NFD")
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 60);
  return /^[a-z]/.test(id) ? id : id ? `block_${id}` : "block";
}
