import { RotateCcw } from "lucide-react";
import type { Diagnostic, GraphNode } from "@/api/types";
import { FixButton } from "@/components/problems/FixButton";
import { describedBy, Field } from "@/components/ui/Field";
import { IconButton } from "@/components/ui/IconButton";
import { isChanged, type NamedInput, paramLabel, valueText } from "@/lib/catalogue";
import { resetParam } from "@/lib/document";
import { edit } from "@/store/graph";
import { ExposeToggle } from "./ExposeToggle";
import { ParamControl } from "./ParamControl";

interface ParamFieldProps {
  node: GraphNode;
  param: NamedInput;
  problem: Diagnostic | undefined;
}

/** A parameter in the panel: name, control, help, what is wrong, and the way back to the default. */
export function ParamField({ node, param, problem }: ParamFieldProps) {
  const id = `param-${node.id}-${param.name}`;
  const label = paramLabel(param);
  const changed = isChanged(node, param);
  const error = problem && [problem.message, problem.hint].filter(Boolean).join(" ");
  return (
    <Field
      label={label}
      htmlFor={id}
      inline={param.dtype === "BOOL" && !param.choices && param.length === null}
      hint={param.description || undefined}
      error={error}
      remedy={problem && <FixButton fix={problem.fix} />}
      aside={
        <>
          <ExposeToggle node={node} param={param} />
          {changed && (
            <>
              <span aria-hidden className="size-1.5 shrink-0 rounded-full bg-accent" />
              <IconButton
                size="sm"
                label={`Back to the default, ${valueText(param.default)}`}
                onClick={() => edit((graph) => resetParam(graph, node.id, param.name))}
              >
                <RotateCcw />
              </IconButton>
            </>
          )}
        </>
      }
    >
      <ParamControl
        id={id}
        node={node}
        param={param}
        invalid={problem !== undefined}
        describedBy={describedBy(id, param.description, error)}
      />
    </Field>
  );
}
