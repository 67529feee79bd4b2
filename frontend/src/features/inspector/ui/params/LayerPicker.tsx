import { weightsToShare } from "@/features/graph/model/blocks/blockInfo";
import { nodeLabel } from "@/features/graph/model/document";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import type { GraphNode, Json } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { type Option, Select } from "@/shared/ui/fields/Select";

interface LayerPickerProps {
  id: string;
  node: GraphNode;
  value: Json;
  onChange: (value: string) => void;
  invalid: boolean;
  describedBy?: string | undefined;
}

const OWN = "own weights";

/** Selects another layer with weights, or another block of the same kind, in the same scope. */
export function LayerPicker({ id, node, value, onChange, invalid, describedBy }: LayerPickerProps) {
  const scope = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const selected = typeof value === "string" ? value : "";
  const layers = weightsToShare(scope, types, node);
  const options: Option[] = layers.map((layer) => ({
    value: layer.id,
    label: nodeLabel(layer),
    detail: ownValue(types, layer.type)?.display_name ?? layer.type,
  }));
  if (selected && !layers.some((layer) => layer.id === selected)) {
    options.push({ value: selected, label: selected, detail: "not found" });
  }
  return (
    <Select
      id={id}
      value={selected || OWN}
      onChange={(next) => onChange(next === OWN ? "" : next)}
      options={[{ value: OWN, label: OWN }, ...options]}
      invalid={invalid}
      {...(describedBy && { describedBy })}
    />
  );
}
