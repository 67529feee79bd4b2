import type { GraphNode, Json } from "@/api/types";
import { NumberField } from "@/components/ui/NumberField";
import { Select } from "@/components/ui/Select";
import { Switch } from "@/components/ui/Switch";
import { TextField } from "@/components/ui/TextField";
import { type NamedInput, paramValue } from "@/lib/catalogue";
import { resetParam, setParam } from "@/lib/document";
import { edit } from "@/store/graph";
import { ColumnPicker } from "./ColumnPicker";
import { DatasetPicker } from "./DatasetPicker";

export interface ParamControlProps {
  id: string;
  node: GraphNode;
  param: NamedInput;
  /** On a card, where there is little room. */
  compact?: boolean;
  /** Its name, where no label element carries it. */
  label?: string;
  invalid?: boolean;
  describedBy?: string | undefined;
}

/** The form control of a parameter, by the type that the server gives it. */
export function ParamControl(props: ParamControlProps) {
  const { id, node, param, compact, label, invalid = false, describedBy } = props;
  const value = paramValue(node, param);
  const commit = (next: Json): void =>
    edit((graph) =>
      next === param.default
        ? resetParam(graph, node.id, param.name)
        : setParam(graph, node.id, param.name, next),
    );

  if (param.choices) return <ChoiceControl {...props} value={value} commit={commit} />;
  if (param.widget === "dataset")
    return (
      <DatasetPicker id={id} value={value} onChange={commit} compact={compact ?? false} invalid={invalid} />
    );
  if (param.widget === "columns" && !compact) {
    return (
      <ColumnPicker
        id={id}
        node={node}
        value={typeof value === "string" ? value : ""}
        onChange={commit}
        invalid={invalid}
      />
    );
  }
  if (param.dtype === "BOOL") {
    return <Switch id={id} checked={value === true} onChange={commit} {...(label && { label })} />;
  }
  if (param.dtype === "INT" || param.dtype === "FLOAT") {
    return (
      <NumberField
        id={id}
        value={typeof value === "number" ? value : null}
        onCommit={commit}
        integer={param.dtype === "INT"}
        nullable={param.nullable}
        min={param.min}
        max={param.max}
        step={param.step}
        placeholder={param.nullable ? "off" : ""}
        invalid={invalid}
        describedBy={describedBy}
        {...(label && { label })}
        className={compact ? "h-6 px-1.5 text-right tabular-nums" : "tabular-nums"}
      />
    );
  }
  return (
    <TextField
      id={id}
      value={typeof value === "string" ? value : value === null ? "" : JSON.stringify(value)}
      onCommit={commit}
      aria-label={label}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      className={compact ? "h-6 px-1.5" : ""}
    />
  );
}

/** Choices may be of any type; they are told apart by their place in the list. */
function ChoiceControl({
  id,
  param,
  value,
  commit,
  compact,
  label,
  invalid = false,
}: ParamControlProps & { value: Json; commit: (value: Json) => void }) {
  const choices = param.choices ?? [];
  const index = choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value));
  return (
    <Select
      id={id}
      value={index < 0 ? "" : String(index)}
      onChange={(next) => commit(choices[Number(next)] ?? null)}
      options={choices.map((choice, place) => ({
        value: String(place),
        label: choice === null ? "none" : String(choice),
      }))}
      placeholder={value === null ? "none" : String(value)}
      invalid={invalid}
      {...(label && { label })}
      className={compact ? "h-6 px-1.5" : ""}
    />
  );
}
