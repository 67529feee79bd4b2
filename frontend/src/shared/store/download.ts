/** Lets the browser save a text as a file of this name. */
export function saveFile(name: string, text: string, type: string): void {
  saveBlob(name, new Blob([text], { type }));
}

export function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Characters of a file name: the longest that file systems allow is 255 bytes. */
const LONGEST = 60;

/** A name as a file name, without extension. */
export function fileStem(name: string, otherwise: string): string {
  const plain = name.replace(/[^\p{L}\p{N} ._-]+/gu, "_").replace(/^[\s.]+/, "");
  return [...plain].slice(0, LONGEST).join("").trim().replace(/\.+$/, "") || otherwise;
}
