import { createElement, memo } from "react";
import type { Mark } from "@/features/graph/model/drawing/marks";

/** Render a drawing's marks as SVG elements. */
export const Marks = memo(function Marks({ marks }: { marks: readonly Mark[] }) {
  return marks.map(({ tag, attrs, text, marks: inner }, index) =>
    createElement(tag, { ...attrs, key: index }, text, inner && <Marks marks={inner} />),
  );
});
