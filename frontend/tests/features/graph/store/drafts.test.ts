// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";
import { type BrowserDraft, readBrowserDraft, writeBrowserDraft } from "@/features/graph/store/drafts";
import { sampleGraph } from "../../../helpers/graphs";

const draft: BrowserDraft = { graph: sampleGraph(), graphId: "g1", version: 3, dirty: true };

beforeEach(() => {
  sessionStorage.clear();
  localStorage.clear();
});

test("a draft is read back as it was written", () => {
  writeBrowserDraft(draft);
  expect(readBrowserDraft()).toEqual(draft);
});

test("without one there is none", () => {
  expect(readBrowserDraft()).toBeNull();
});

test("a new tab gets the last document of any tab", () => {
  writeBrowserDraft(draft);
  sessionStorage.clear();
  expect(readBrowserDraft()).toEqual(draft);
});

test("a tab keeps its own document whatever another one writes", () => {
  writeBrowserDraft(draft);
  localStorage.setItem("visdl.document", JSON.stringify({ ...draft, graphId: "other" }));
  expect(readBrowserDraft()?.graphId).toBe("g1");
});

test.each(["{", "{}", '{"graph": {"nodes": 1}}', "null"])("damaged storage (%s) counts as none", (text) => {
  sessionStorage.setItem("visdl.document", text);
  expect(readBrowserDraft()).toBeNull();
});

test("a full storage stops nobody", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  expect(() => writeBrowserDraft(draft)).not.toThrow();
});
