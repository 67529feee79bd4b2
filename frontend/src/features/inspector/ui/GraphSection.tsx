import { renameGraph } from "@/features/graph/model/document";
import { edit, useGraph } from "@/features/graph/store/graph";
import { plural } from "@/shared/lib/format";
import { Field } from "@/shared/ui/fields/Field";
import { TextField } from "@/shared/ui/fields/TextField";
import { Section } from "./Section";

const ID = "graph-title";

/** The graph itself: its name and its size. */
export function GraphSection() {
  const graph = useGraph((state) => state.graph);
  const blocks = Object.keys(graph.blocks).length;
  return (
    <Section title="Graph">
      <Field label="Title" htmlFor={ID}>
        <TextField
          id={ID}
          value={graph.name}
          maxLength={200}
          placeholder="Untitled"
          onCommit={(name) => edit((scope) => renameGraph(scope, name.trim() || "Untitled"))}
        />
      </Field>
      <p className="text-muted text-sm">
        {plural(graph.nodes.length, "node")}, {plural(graph.edges.length, "wire")}
        {blocks > 0 && `, ${plural(blocks, "block")}`}
      </p>
    </Section>
  );
}
