// @vitest-environment jsdom
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graphInPng, graphInSvg, isPng, metadataOf, withGraph } from "@/features/files/model/embed";

/** The smallest PNG there is: one transparent pixel. */
const PIXEL = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="),
  (character) => character.charCodeAt(0),
);

const svg = (inside: string): string => `<svg xmlns="http://www.w3.org/2000/svg">${inside}</svg>`;
/** Any text that UTF-8 can hold. */
const texts = fc.string({ unit: "grapheme" });

describe("a PNG", () => {
  test("gives back the graph that was put in, whatever its text", () => {
    fc.assert(fc.property(texts, (text) => graphInPng(withGraph(PIXEL, text)) === text));
  });

  test("stays a PNG that begins with its header and ends as before", () => {
    const out = withGraph(PIXEL, "{}");
    expect(isPng(out)).toBe(true);
    expect(out.slice(0, 33)).toEqual(PIXEL.slice(0, 33));
    expect(out.slice(-12)).toEqual(PIXEL.slice(-12));
  });

  test("without a graph has none", () => {
    expect(graphInPng(PIXEL)).toBeNull();
    expect(isPng(new TextEncoder().encode("<svg/>"))).toBe(false);
  });

  test("with a damaged graph reports it", () => {
    const out = withGraph(PIXEL, '{"nodes": []}');
    const place = new TextDecoder("latin1").decode(out).indexOf("nodes");
    out[place] = 0x58;
    expect(() => graphInPng(out)).toThrow("damaged");
  });

  test("cut off anywhere never makes it loop or throw", () => {
    const out = withGraph(PIXEL, '{"nodes": []}');
    for (let length = 0; length < out.length; length++) {
      const found = graphInPng(out.slice(0, length));
      expect([null, '{"nodes": []}']).toContain(found);
    }
  });

  test("of any bytes at all is survived", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const png = new Uint8Array([...PIXEL.slice(0, 8), ...bytes]);
        expect(graphInPng(png)).toBeNull();
      }),
    );
  });
});

describe("an SVG", () => {
  test("gives back the graph that was put in", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const kept = text.replace(/\r\n?/g, "\n");
        const written = JSON.stringify({ kept });
        expect(graphInSvg(svg(metadataOf(written)))).toBe(written);
      }),
      { numRuns: 50 },
    );
  });

  test("without a graph, or that is none, has none", () => {
    expect(graphInSvg(svg("<rect/>"))).toBeNull();
    expect(graphInSvg("no picture")).toBeNull();
    expect(graphInSvg(svg(metadataOf("{}")).slice(0, 60))).toBeNull();
  });
});
