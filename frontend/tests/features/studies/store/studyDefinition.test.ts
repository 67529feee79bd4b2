import { beforeEach, describe, expect, it } from "vitest";
import { useGraph } from "@/features/graph/store/graph";
import { freshDraft } from "@/features/studies/model/studyPlan";
import {
  amendDraft,
  beginDraft,
  changeDraft,
  draftNow,
  redoDraft,
  undoDraft,
  writeDraft,
} from "@/features/studies/store/studyDefinition";

const open = (graphId: string): void => useGraph.setState({ graphId });
const node = (id: string) => ({ kind: "node" as const, node: id });

beforeEach(() => {
  open("one");
  beginDraft(freshDraft([node("relu1")]));
});

describe("the definition of a study", () => {
  it("is undone and redone one change at a time", () => {
    writeDraft({ seeds: "0-9" });
    writeDraft({ margin: 0.1, name: "Both at once" });
    undoDraft();
    expect(draftNow()).toMatchObject({ seeds: "0-9", margin: null, name: "" });
    undoDraft();
    expect(draftNow()?.seeds).toBe("0-4");
    undoDraft();
    expect(draftNow()?.seeds).toBe("0-4");
    redoDraft();
    redoDraft();
    expect(draftNow()).toMatchObject({ seeds: "0-9", margin: 0.1 });
  });

  it("is undone after a reset", () => {
    writeDraft({ parts: [node("fc1")], seeds: "7" });
    writeDraft(freshDraft([node("relu1")]));
    undoDraft();
    expect(draftNow()).toMatchObject({ parts: [node("fc1")], seeds: "7" });
  });

  it("has no step for what nobody asked for, which leaves what can be redone", () => {
    writeDraft({ seeds: "0-9" });
    undoDraft();
    amendDraft({ metric: "test_r2" });
    undoDraft();
    expect(draftNow()?.metric).toBe("test_r2");
    redoDraft();
    expect(draftNow()?.seeds).toBe("0-9");
  });

  it("has no step for a change that changes nothing", () => {
    writeDraft({ seeds: "0-9" });
    writeDraft({ seeds: "0-9", parts: [node("relu1")] });
    undoDraft();
    expect(draftNow()?.seeds).toBe("0-4");
  });

  it("goes back two hundred steps", () => {
    for (let n = 1; n <= 250; n++) writeDraft({ trials: n });
    for (let n = 0; n < 250; n++) undoDraft();
    expect(draftNow()?.trials).toBe(50);
  });

  it("has a history for each graph", () => {
    writeDraft({ seeds: "1" });
    open("two");
    expect(draftNow()).toBeUndefined();
    beginDraft(freshDraft());
    writeDraft({ seeds: "2" });
    open("one");
    undoDraft();
    expect(draftNow()?.seeds).toBe("0-4");
    open("two");
    expect(draftNow()?.seeds).toBe("2");
  });

  it("changes at once while something has the focus", () => {
    const field = document.body.appendChild(document.createElement("input"));
    field.focus();
    changeDraft({ name: "Now" });
    expect(draftNow()?.name).toBe("Now");
    field.remove();
  });
});
