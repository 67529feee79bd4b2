import { Plus } from "lucide-react";
import {
  groupText,
  RULES,
  type Rule,
  rulesOf,
  rulesValue,
  usualRules,
} from "@/features/graph/model/parameterRules";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { useGraph } from "@/features/graph/store/graph";
import type { GraphNode, GroupReport, Json } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";
import { Menu } from "@/shared/ui/Menu";
import { GroupRule } from "./GroupRule";

interface GroupsEditorProps {
  id: string;
  node: GraphNode;
  value: Json;
  onChange: (value: Json) => void;
  /** Several nodes with different rules. */
  mixed: boolean;
  invalid: boolean;
  describedBy?: string | undefined;
}

const NONE: GroupReport[] = [];

/** The rules of an optimizer, in the order in which they are tried. */
export function GroupsEditor({ id, node, value, onChange, mixed, invalid, describedBy }: GroupsEditorProps) {
  const groups = useGraph((state) => ownValue(state.report?.nodes, node.id)?.[RULES] ?? NONE);
  const types = useCatalogue((state) => state.types);
  const rules = mixed ? [] : rulesOf(value);
  const commit = (next: readonly Rule[]): void => onChange(rulesValue(next));
  const rest = groups.filter(({ rule }) => rule === null);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would add a legend to the existing label
    <div
      role="group"
      aria-label="Parameter groups"
      aria-describedby={describedBy}
      className="flex flex-col gap-1.5"
    >
      {mixed && <p className="text-muted text-sm">These nodes have different rules.</p>}
      {rules.length > 0 && (
        <ol className="flex flex-col gap-1.5">
          {rules.map((rule, at) => (
            <GroupRule
              // The rules have no ids: their order is what they are.
              // biome-ignore lint/suspicious/noArrayIndexKey: see above
              key={at}
              node={node}
              rule={rule}
              at={at}
              count={rules.length}
              groups={groups.filter((group) => group.rule === at)}
              invalid={invalid}
              onChange={(next) => commit(rules.with(at, next))}
              onRemove={() => commit(rules.toSpliced(at, 1))}
              onMove={(step) => commit(rules.toSpliced(at, 1).toSpliced(at + step, 0, rule))}
            />
          ))}
        </ol>
      )}
      {rules.length > 0 && rest.length > 0 && (
        <div className="wrap-anywhere px-2 text-muted text-xs">
          All others:
          {rest.map((group) => (
            <p key={group.optimizer}>{groupText(group)}</p>
          ))}
        </div>
      )}
      {rules.length === 0 && rest.length > 1 && (
        <div className="wrap-anywhere text-muted text-xs">
          {rest.map((group) => (
            <p key={group.optimizer}>{groupText(group)}</p>
          ))}
        </div>
      )}
      <Menu
        items={usualRules(types, node.type).map((usual) => ({
          label: usual.label,
          onSelect: () => commit([...rules, ...usual.rules]),
        }))}
      >
        <Button id={id} size="sm" aria-label="Add a rule" className="self-start">
          <Plus aria-hidden className="size-3.5" /> Add a rule
        </Button>
      </Menu>
    </div>
  );
}
