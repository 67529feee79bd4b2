import { Check, ChevronDown } from "lucide-react";
import { Select } from "radix-ui";
import type { Kind } from "@/features/studies/model/studyPlan";
import { changeDraft } from "@/features/studies/store/studyDefinition";
import { Field } from "@/shared/ui/fields/Field";
import { SELECT_TRIGGER } from "@/shared/ui/fields/selectParts";

interface Words {
  label: string;
  does: string;
}

const STRATEGIES: Record<Kind, Words> = {
  leave_one_out: { label: "Leave one out", does: "Each part alone is taken out of the whole network." },
  leave_n_out: { label: "Leave several out", does: "Every so many of the parts are taken out together." },
  leave_group_out: {
    label: "Leave groups out",
    does: "All nodes of a group are taken out, one group at a time.",
  },
  add_one: { label: "Add one", does: "All parts are taken out, then each alone is put back." },
  cumulative: {
    label: "One after the other",
    does: "Parts are taken out step by step, in your order; each step is compared with the one before.",
  },
  replace: { label: "Replace by alternatives", does: "One node gives its place to each of several others." },
  grid: { label: "Grid", does: "Every combination of the values of some parameters is trained." },
  random: { label: "Random search", does: "Combinations of parameters are drawn at random." },
  optuna: { label: "Guided search", does: "Optuna chooses each trial by the results of those before." },
  configurations: {
    label: "Chosen networks",
    does: "Versions of this graph and other graphs are compared with the baseline.",
  },
};

const KINDS = Object.entries(STRATEGIES) as [Kind, Words][];

/** The strategy, with what each of them does. */
export function DefineStrategy({ kind }: { kind: Kind }) {
  return (
    <Field label="Strategy" htmlFor="study-strategy" hint={STRATEGIES[kind].does}>
      <Select.Root value={kind} onValueChange={(next) => changeDraft({ kind: next as Kind })}>
        <Select.Trigger
          autoFocus
          id="study-strategy"
          aria-describedby="study-strategy-hint"
          className={SELECT_TRIGGER}
        >
          <Select.Value>{STRATEGIES[kind].label}</Select.Value>
          <ChevronDown aria-hidden className="size-3.5 shrink-0 text-muted" />
        </Select.Trigger>
        <Select.Portal>
          <Select.Content
            position="popper"
            sideOffset={4}
            collisionPadding={8}
            className="z-50 max-h-(--radix-select-content-available-height) w-(--radix-select-trigger-width) min-w-80 animate-pop overflow-hidden rounded-lg border bg-panel p-1 shadow-pop"
          >
            <Select.Viewport>
              {KINDS.map(([value, { label, does }]) => (
                <Select.Item
                  key={value}
                  value={value}
                  className="flex select-none items-start gap-2 rounded-md py-1 pr-2 pl-1.5 outline-none data-[highlighted]:bg-raised"
                >
                  <span className="w-4 shrink-0 pt-0.5">
                    <Select.ItemIndicator>
                      <Check className="size-3.5 text-accent" />
                    </Select.ItemIndicator>
                  </span>
                  <span className="min-w-0">
                    <Select.ItemText>{label}</Select.ItemText>
                    <span className="block text-muted text-xs">{does}</span>
                  </span>
                </Select.Item>
              ))}
            </Select.Viewport>
          </Select.Content>
        </Select.Portal>
      </Select.Root>
    </Field>
  );
}
