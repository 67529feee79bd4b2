import { RotateCcw } from "lucide-react";
import type { ReactNode } from "react";
import { isChanged, type NamedInput, paramLabel, valueText } from "@/features/graph/model/catalogue";
import type { ParamTarget } from "@/features/graph/model/params";
import { helpOf, isNumber, numberRange } from "@/features/graph/model/values";
import { commitParam, resetParams } from "@/features/graph/store/params";
import { FixButton } from "@/features/graph/ui/FixButton";
import type { Diagnostic, Json } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { describedBy, Field } from "@/shared/ui/fields/Field";
import { IconButton } from "@/shared/ui/IconButton";
import { ParamControl } from "./ParamControl";
import { useScrub } from "./useScrub";

interface ParamRowProps {
  id: string;
  param: NamedInput;
  /** The nodes whose parameter it is: the shown one, or all selected ones. */
  targets: readonly [ParamTarget, ...ParamTarget[]];
  value: Json;
  mixed?: boolean;
  /** Whether the nodes have the same default. */
  oneDefault?: boolean;
  problem?: Diagnostic | undefined;
  /** Shown after the label. */
  aside?: ReactNode;
}

/** A parameter in the panel: name, control, help, error, and reset. */
export function ParamRow(props: ParamRowProps) {
  const { id, param, targets, value, mixed = false, oneDefault = true, problem, aside } = props;
  const error = problem && [problem.message, problem.hint].filter(Boolean).join(" ");
  const switches = param.dtype === "BOOL" && !param.nullable && !param.choices && param.length === null;
  const help = [mixed && switches && "on for some, off for others", helpOf(param, oneDefault)]
    .filter(Boolean)
    .join(" · ");
  const number = isNumber(param) && typeof value === "number" && !mixed ? value : null;
  const scrub = useScrub(number, numberRange(param), (next) => commitParam(targets, next));
  const changed = targets.filter((target) => isChanged(target.node, target.param));
  return (
    <Field
      label={paramLabel(param)}
      htmlFor={id}
      inline={switches}
      hint={help || undefined}
      error={error}
      remedy={problem && <FixButton fix={problem.fix} />}
      labelProps={{
        title: number === null ? param.name : `${param.name}: drag to change, Shift for more, Alt for less`,
        ...(number !== null && scrub.label),
        className: cn(number !== null && "touch-none select-none cursor-ew-resize"),
      }}
      aside={
        <>
          {changed.length > 0 && (
            <span title="Changed from the default" className="size-1.5 shrink-0 rounded-full bg-accent" />
          )}
          {aside}
          {changed.length > 0 && (
            <IconButton
              size="sm"
              label={oneDefault ? `Reset to default, ${valueText(param.default)}` : "Reset to defaults"}
              onClick={() => resetParams(changed)}
            >
              <RotateCcw />
            </IconButton>
          )}
        </>
      }
    >
      <ParamControl
        id={id}
        node={targets[0].node}
        param={param}
        value={scrub.value ?? value}
        mixed={mixed}
        onCommit={(next) => commitParam(targets, next)}
        invalid={problem !== undefined}
        describedBy={describedBy(id, help, error)}
      />
    </Field>
  );
}
