import { Suspense } from "react";
import { paramLabel } from "@/features/graph/model/catalogue";
import { RULES } from "@/features/graph/model/parameterRules";
import { isTyped } from "@/features/graph/model/values";
import type { GraphNode, Json } from "@/shared/api/types";
import { lazyNamed } from "@/shared/ui/lazyNamed";
import { DatasetPicker } from "./DatasetPicker";
import { ValueControl, type ValueControlProps } from "./ValueControl";

// Not on cards, so that the canvas need not wait for them.
const ColumnPicker = lazyNamed(() => import("./ColumnPicker"), "ColumnPicker");
const GroupsEditor = lazyNamed(() => import("./GroupsEditor"), "GroupsEditor");
const LayerPicker = lazyNamed(() => import("./LayerPicker"), "LayerPicker");

interface ParamControlProps extends ValueControlProps {
  node: GraphNode;
}

/** The form control of a parameter, by the type that the server defines. */
export function ParamControl({ node, ...rest }: ParamControlProps) {
  const { id, param, value, onCommit, mixed = false, compact = false, invalid = false, describedBy } = rest;
  const common = { id, onChange: onCommit, invalid, describedBy };
  if (param.widget === RULES)
    return (
      <Suspense fallback={null}>
        <GroupsEditor {...common} node={node} value={value} mixed={mixed} />
      </Suspense>
    );
  if (param.widget === "layer")
    return (
      <Suspense fallback={null}>
        <LayerPicker {...common} node={node} value={value} />
      </Suspense>
    );
  if (param.length !== null && !isTyped(param)) return <ListControl {...rest} />;
  if (param.choices === null && param.widget === "dataset") {
    return <DatasetPicker {...common} value={mixed ? "" : value} mixed={mixed} compact={compact} />;
  }
  if (param.choices === null && param.widget === "columns" && !compact) {
    const text = typeof value === "string" ? value : "";
    return (
      <Suspense fallback={null}>
        <ColumnPicker {...common} node={node} param={param} value={text} />
      </Suspense>
    );
  }
  return <ValueControl {...rest} />;
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
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would add a legend to the existing label
    <div role="group" aria-label={name} className="flex w-full min-w-0 items-start gap-1.5">
      {places.map((place) => (
        <ValueControl
          {...rest}
          key={place}
          // The label names the first part, so that a click on it focuses that.
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
