/** A graph file embedded in an image: a text chunk of a PNG, the metadata of an SVG. */
import { escaped } from "@/features/graph/model/drawing/marks";

const KEYWORD = "visdl-graph";
const NAMESPACE = "urn:visdl:graph";

/** Return the element that embeds a graph file in an SVG. */
export function metadataOf(graph: string): string {
  return `<metadata><graph xmlns="${NAMESPACE}">${escaped(graph)}</graph></metadata>`;
}

/** Return the graph file in an SVG's text; null if there is none. */
export function graphInSvg(text: string): string | null {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
  return parsed.getElementsByTagNameNS(NAMESPACE, "graph")[0]?.textContent ?? null;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Length, type and checksum of a chunk. */
const FRAME = 12;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, index) => bytes[index] === byte);
}

interface Chunk {
  type: string;
  start: number;
  data: Uint8Array;
  sound: boolean;
}

/** Yield the chunks of a PNG, up to where it is truncated. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = SIGNATURE.length; start + FRAME <= bytes.length; ) {
    const length = view.getUint32(start);
    const end = start + FRAME + length;
    if (end > bytes.length) return;
    const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    const sound = crc32(bytes.subarray(start + 4, end - 4)) === view.getUint32(end - 4);
    yield { type, start, data: bytes.subarray(start + 8, end - 4), sound };
    start = end;
  }
}

/** Return the PNG with a graph file in it, before its first image data. */
export function withGraph(png: Uint8Array, graph: string): Uint8Array<ArrayBuffer> {
  const place = [...chunksOf(png)].find(({ type }) => type === "IDAT")?.start ?? png.length;
  // iTXt: keyword, not compressed, no language, no translated keyword, text as UTF-8.
  const chunk = chunkOf("iTXt", new TextEncoder().encode(`${KEYWORD}\0\0\0\0\0${graph}`));
  const out = new Uint8Array(png.length + chunk.length);
  out.set(png.subarray(0, place));
  out.set(chunk, place);
  out.set(png.subarray(place), place + chunk.length);
  return out;
}

function chunkOf(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + FRAME);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

/** Return the graph file in a PNG; null if there is none. Throws an Error if it is damaged. */
export function graphInPng(bytes: Uint8Array): string | null {
  for (const { type, data, sound } of chunksOf(bytes)) {
    if (type !== "iTXt" && type !== "tEXt") continue;
    const text = new TextDecoder().decode(data);
    const after = text.startsWith(`${KEYWORD}\0`) ? text.slice(KEYWORD.length + 1) : null;
    if (after === null) continue;
    if (!sound) throw new Error("the graph in it is damaged.");
    return type === "tEXt" ? after : after.slice(after.indexOf("\0", after.indexOf("\0", 2) + 1) + 1);
  }
  return null;
}
