import { ArrowDown, ArrowUp, X } from "lucide-react";
import type { ComponentProps, MouseEvent } from "react";
import {
  changeRule,
  groupText,
  layersWithParameters,
  optimizerParam,
  type Rule,
  SELECTORS,
  trainingOf,
  withTraining,
} from "@/features/graph/model/parameterRules";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { useGraph } from "@/features/graph/store/graph";
import type { GraphNode, GroupReport, NodeInfo } from "@/shared/api/types";
import { formatNumber } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { NumberField } from "@/shared/ui/fields/NumberField";
import { Select } from "@/shared/ui/fields/Select";
import { TextField } from "@/shared/ui/fields/TextField";
import { IconButton } from "@/shared/ui/IconButton";

interface GroupRuleProps {
  node: GraphNode;
  rule: Rule;
  at: number;
  count: number;
  /** What it selects, as the validation found it. */
  groups: readonly GroupReport[];
  invalid: boolean;
  onChange: (rule: Rule) => void;
  onRemove: () => void;
  onMove: (step: 1 | -1) => void;
}

/** One rule: what it selects, how that is trained, and how much it is. */
export function GroupRule(props: GroupRuleProps) {
  const { node, rule, at, groups, onChange } = props;
  const name = `Rule ${at + 1}`;
  const change = (what: Partial<Rule>): void => onChange(changeRule(rule, what));
  return (
    <li className="flex flex-col gap-1.5 rounded-md border p-1.5">
      <div className="flex items-center gap-1">
        <span aria-hidden className="w-4 shrink-0 text-center text-muted text-xs tabular-nums">
          {at + 1}
        </span>
        <Select
          label={`${name}: what it selects`}
          value={rule.select}
          onChange={(select) => change({ select, match: "" })}
          options={[...SELECTORS]}
        />
        <RowButtons {...props} name={name} />
      </div>
      <Match {...props} name={name} onMatch={(match) => change({ match })} />
      <Training {...props} name={name} />
      {!rule.frozen && <Settings node={node} rule={rule} name={name} change={change} />}
      <div className="wrap-anywhere text-muted text-xs">
        {groups.map((group) => (
          <p key={group.optimizer}>{groupText(group)}</p>
        ))}
      </div>
    </li>
  );
}

function RowButtons({ at, count, name, onMove, onRemove }: GroupRuleProps & { name: string }) {
  const [first, last] = [at === 0, at === count - 1];
  // The key of a row is its position, so the one that disappears from the page is the last.
  const remove = (event: MouseEvent<HTMLElement>): void => {
    const row = event.currentTarget.closest("li");
    const before = row?.previousElementSibling?.querySelector<HTMLElement>("[data-remove]");
    const add = row?.closest("[role=group]")?.querySelector<HTMLElement>(":scope > button");
    if (last) (before ?? add)?.focus();
    onRemove();
  };
  return (
    <>
      <IconButton
        size="sm"
        label={`Move ${name} up`}
        aria-disabled={first}
        onClick={() => !first && onMove(-1)}
      >
        <ArrowUp />
      </IconButton>
      <IconButton
        size="sm"
        label={`Move ${name} down`}
        aria-disabled={last}
        onClick={() => !last && onMove(1)}
      >
        <ArrowDown />
      </IconButton>
      <IconButton size="sm" data-remove label={`Remove ${name}`} onClick={remove}>
        <X />
      </IconButton>
    </>
  );
}

interface MatchProps extends GroupRuleProps {
  name: string;
  onMatch: (match: string) => void;
}

/** The layer or the name pattern of a rule that needs one. */
function Match({ rule, name, invalid, onMatch }: MatchProps) {
  if (rule.select === "node") return <Layers rule={rule} name={name} onMatch={onMatch} />;
  if (rule.select !== "name") return null;
  return (
    <TextField
      aria-label={`${name}: name pattern`}
      aria-invalid={(invalid && !rule.match) || undefined}
      placeholder="such as *.bias or encoder.*"
      value={rule.match ?? ""}
      onCommit={(match) => onMatch(match.trim())}
      className="font-mono text-sm"
    />
  );
}

function Layers({ rule, name, onMatch }: Pick<MatchProps, "rule" | "name" | "onMatch">) {
  const graph = useGraph((state) => state.graph);
  const report = useGraph((state) => state.report);
  const types = useCatalogue((state) => state.types);
  const options = layersWithParameters(graph, types, report);
  const match = rule.match ?? "";
  if (match && !options.some(({ value }) => value === match))
    options.push({ value: match, label: match, detail: "no parameters" });
  return (
    <Select
      label={`${name}: layer or block`}
      placeholder="Choose a layer or block"
      invalid={!match}
      value={match}
      onChange={onMatch}
      options={options}
    />
  );
}

/** As the node trains, frozen, or by another optimizer. */
function Training({ node, rule, name, onChange }: GroupRuleProps & { name: string }) {
  const types = useCatalogue((state) => state.types);
  const own = ownValue(types, node.type)?.display_name ?? node.type;
  const others = Object.values(types).filter((info) => info.in_rules && info.type !== node.type);
  const selected = trainingOf(rule);
  const options = [
    { value: OWN, label: `Trained by ${own}` },
    { value: "frozen", label: "Frozen: not trained" },
    ...others.map(({ type, display_name }) => ({ value: type, label: `Trained by ${display_name}` })),
  ];
  if (selected && !options.some(({ value }) => value === selected))
    options.push({ value: selected, label: selected });
  return (
    <Select
      label={`${name}: how it is trained`}
      value={selected || OWN}
      onChange={(training) => onChange(withTraining(rule, training === OWN ? "" : training))}
      options={options}
    />
  );
}

/** A select has no empty value. */
const OWN = "own";

interface SettingsProps {
  node: GraphNode;
  rule: Rule;
  name: string;
  change: (what: Partial<Rule>) => void;
}

/** The learning rate and the weight decay. */
function Settings({ node, rule, name, change }: SettingsProps) {
  const types = useCatalogue((state) => state.types);
  const other = rule.optimizer ? ownValue(types, rule.optimizer) : undefined;
  const info = other ?? ownValue(types, node.type);
  const decay = optimizerParam(info, "weight_decay");
  return (
    <div className="grid grid-cols-2 gap-1.5">
      {rule.optimizer && (
        <Setting
          text="Learning rate"
          label={`${name}: learning rate`}
          min={0}
          nullable
          placeholder={defaultText(other, "lr")}
          value={rule.lr ?? null}
          onCommit={(lr) => change({ lr })}
        />
      )}
      {(!rule.optimizer || (rule.lr_factor ?? 1) !== 1) && (
        <Setting
          text="Rate factor"
          label={`${name}: learning-rate factor`}
          min={1e-12}
          value={rule.lr_factor ?? 1}
          onCommit={(lr_factor) => change({ lr_factor: lr_factor ?? 1 })}
        />
      )}
      {decay && (
        <Setting
          text="Weight decay"
          label={`${name}: weight decay`}
          min={0}
          nullable
          placeholder={other ? defaultText(other, "weight_decay") : "unchanged"}
          value={rule.weight_decay ?? null}
          onCommit={(weight_decay) => change({ weight_decay })}
        />
      )}
    </div>
  );
}

function defaultText(info: NodeInfo | undefined, name: string): string {
  const usual = optimizerParam(info, name)?.default;
  return typeof usual === "number" ? `default ${formatNumber(usual)}` : "default";
}

/** A number of a rule, on a logarithmic scale, under its short name. */
function Setting({ text, ...field }: { text: string } & Omit<ComponentProps<typeof NumberField>, "log">) {
  return (
    <div className="flex min-w-0 flex-col gap-0.5">
      <span aria-hidden className="text-muted text-xs">
        {text}
      </span>
      <NumberField log {...field} />
    </div>
  );
}
