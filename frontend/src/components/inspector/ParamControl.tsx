import type { GraphNode, Json } from "@/api/types";
import { paramLabel, paramValue } from "@/lib/catalogue";
import { resetParam, setParam } from "@/lib/document";
import { isTyped } from "@/lib/values";
import { edit } from "@/store/graph";
import { ColumnPicker } from "./ColumnPicker";
import { DatasetPicker } from "./DatasetPicker";
import { LayerPicker } from "./LayerPicker";
import { ValueControl, type ValueControlProps } from "./ValueControl";

interface ParamControlProps extends Omit<ValueControlProps, "value" | "onCommit"> {
  node: GraphNode;
}

const same = (a: Json, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The form control of a parameter, by the type that the server gives it. */
export function ParamControl({ node, ...rest }: ParamControlProps) {
  const { id, param, compact = false, invalid = false, describedBy } = rest;
  const value = paramValue(node, param);
  const commit = (next: Json): void => {
    if (same(next, value)) return;
    edit((graph) =>
      same(next, param.default)
        ? resetParam(graph, node.id, param.name)
        : setParam(graph, node.id, param.name, next),
    );
  };

  const common = { id, onChange: commit, invalid, describedBy };
  if (param.widget === "layer") return <LayerPicker {...common} node={node} value={value} />;
  if (param.length !== null && !isTyped(param))
    return <ListControl {...rest} value={value} onCommit={commit} />;
  if (param.choices === null && param.widget === "dataset") {
    return <DatasetPicker {...common} value={value} compact={compact} />;
  }
  if (param.choices === null && param.widget === "columns" && !compact) {
    const text = typeof value === "string" ? value : "";
    return <ColumnPicker {...common} node={node} value={text} />;
  }
  return <ValueControl {...rest} value={value} onCommit={commit} />;
}

/** A value of several parts, such as Adam's betas: a control for each. */
function ListControl({ id, param, value, onCommit, label, ...rest }: ValueControlProps) {
  const parts = partsOf(value);
  const defaults = partsOf(param.default);
  const name = label || paramLabel(param);
  const places = Array.from({ length: param.length ?? 0 }, (_, place) => place);
  const change = (changed: number, next: Json): void => {
    if (next === null && param.nullable) onCommit(null);
    else
      onCommit(places.map((place) => (place === changed ? next : (parts[place] ?? defaults[place] ?? next))));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a legend beside the label that is there
    <div role="group" aria-label={name} className="flex w-full min-w-0 gap-1.5">
      {places.map((place) => (
        <ValueControl
          {...rest}
          key={place}
          // The label names the first part, so that a click on it goes there.
          id={place === 0 ? id : `${id}-${place + 1}`}
          param={param}
          value={parts[place] ?? null}
          onCommit={(next) => change(place, next)}
          label={`${name} ${place + 1}`}
        />
      ))}
    </div>
  );
}

function partsOf(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}
