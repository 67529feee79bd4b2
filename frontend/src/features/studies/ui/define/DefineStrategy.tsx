import { Check, ChevronDown } from "lucide-react";
import { Select } from "radix-ui";
import { strategyLabel } from "@/features/studies/model/studies";
import type { Kind } from "@/features/studies/model/studyPlan";
import { changeDraft } from "@/features/studies/store/studyDefinition";
import { useStrategies } from "@/features/studies/store/useStrategies";
import { Field } from "@/shared/ui/fields/Field";
import { SELECT_TRIGGER } from "@/shared/ui/fields/selectParts";

/** The strategy, with a description of each. */
export function DefineStrategy({ kind }: { kind: Kind }) {
  const strategies = useStrategies();
  const hint = strategies.find(({ key }) => key === kind)?.help ?? "";
  return (
    <Field label="Strategy" htmlFor="study-strategy" hint={hint}>
      <Select.Root value={kind} onValueChange={(next) => changeDraft({ kind: next as Kind })}>
        <Select.Trigger
          autoFocus
          id="study-strategy"
          aria-describedby="study-strategy-hint"
          className={SELECT_TRIGGER}
        >
          <Select.Value>{strategyLabel(kind, strategies)}</Select.Value>
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
              {strategies.map(({ key, label, help }) => (
                <Select.Item
                  key={key}
                  value={key}
                  className="flex select-none items-start gap-2 rounded-md py-1 pr-2 pl-1.5 outline-none data-[highlighted]:bg-raised"
                >
                  <span className="w-4 shrink-0 pt-0.5">
                    <Select.ItemIndicator>
                      <Check className="size-3.5 text-accent" />
                    </Select.ItemIndicator>
                  </span>
                  <span className="min-w-0">
                    <Select.ItemText>{label}</Select.ItemText>
                    <span className="block text-muted text-xs">{help}</span>
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
