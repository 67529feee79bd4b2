import { BookOpen, RotateCcw, Trash2 } from "lucide-react";
import { unknownReason } from "@/features/graph/model/blocks/blockInfo";
import { type NamedInput, paramLabel, shapeOf } from "@/features/graph/model/catalogue";
import { nodeLabel, renameNode } from "@/features/graph/model/document";
import { changedParams } from "@/features/graph/model/params";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { deleteSelection, toggleDisabled } from "@/features/graph/store/editing";
import { edit, openReport, openScope, useGraph } from "@/features/graph/store/graph";
import { resetParams } from "@/features/graph/store/params";
import { useNodeInfo } from "@/features/graph/store/useNodeInfo";
import { ProblemNote } from "@/features/graph/ui/ProblemNote";
import type { Diagnostic, GraphNode, NodeInfo, NodeReport } from "@/shared/api/types";
import { categoryColor } from "@/shared/lib/categoryColor";
import { formatBytes, formatCount, formatInt } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";
import { Field } from "@/shared/ui/fields/Field";
import { Switch } from "@/shared/ui/fields/Switch";
import { TextField } from "@/shared/ui/fields/TextField";
import { TypeIcon } from "@/shared/ui/TypeIcon";
import { BlockSection } from "./BlockSection";
import { PortList } from "./PortList";
import { ParamField } from "./params/ParamField";
import { Section } from "./Section";
import { SplitRows } from "./SplitRows";

const NONE: Diagnostic[] = [];

/** Everything about one node: its type, parameters, ports, and diagnostics. */
export function NodeProperties({ node }: { node: GraphNode }) {
  const info = useNodeInfo(node);
  const report = useGraph((state) => ownValue(openReport(state)?.nodes, node.id));
  const all = useGraph((state) => openReport(state)?.diagnostics ?? NONE);
  const problems = all.filter((problem) => problem.node === node.id);
  const params = info ? shapeOf(info).params : [];
  const atField = (problem: Diagnostic): boolean =>
    problem.severity === "error" && params.some((param) => param.name === problem.port);
  return (
    <div className="flex flex-col">
      <Head node={node} info={info} />
      {problems.filter((problem) => !atField(problem)).length > 0 && (
        <div className="flex flex-col gap-1.5 px-3 pb-3">
          {problems
            .filter((problem) => !atField(problem))
            .map((problem) => (
              <ProblemNote key={`${problem.code}${problem.port}${problem.message}`} problem={problem} />
            ))}
        </div>
      )}
      <BlockSection node={node} />
      {params.length > 0 && (
        <Section title="Parameters" aside={<ResetAll node={node} params={params} />}>
          {params.map((param) => (
            <ParamField
              key={param.name}
              node={node}
              param={param}
              problem={problems.find((problem) => atField(problem) && problem.port === param.name)}
            />
          ))}
        </Section>
      )}
      {info && <PortList node={node} info={info} report={report} />}
      <SplitRows parts={report?.parts ?? []} />
      <Figures report={report} />
      {info && <Help info={info} />}
      <div className="p-3">
        <Button size="sm" variant="ghost" className="text-danger!" onClick={deleteSelection}>
          <Trash2 aria-hidden className="size-3.5" /> Delete node
        </Button>
      </div>
    </div>
  );
}

function ResetAll({ node, params }: { node: GraphNode; params: readonly NamedInput[] }) {
  const changed = changedParams(node, params);
  if (changed.length === 0) return null;
  return (
    <Button
      size="sm"
      variant="ghost"
      title={`Reset to default: ${changed.map(({ param }) => paramLabel(param)).join(", ")}`}
      onClick={() => resetParams(changed)}
    >
      <RotateCcw aria-hidden className="size-3.5" /> Reset all
    </Button>
  );
}

function Head({ node, info }: { node: GraphNode; info: NodeInfo | undefined }) {
  const types = useCatalogue((state) => state.types);
  const unknown = useGraph((state) => unknownReason(openScope(state), types, node));
  const fixed = info !== undefined && !info.can_disable;
  return (
    <div className="flex flex-col gap-2.5 p-3">
      <div className="flex items-center gap-2">
        <span
          className="flex size-7 shrink-0 items-center justify-center rounded-md"
          style={{
            color: categoryColor(info),
            background: `color-mix(in srgb, ${categoryColor(info)} 14%, var(--panel))`,
          }}
        >
          <TypeIcon info={info} className="size-4" />
        </span>
        <TextField
          aria-label="Name of the node"
          value={node.name}
          placeholder={nodeLabel(node)}
          maxLength={200}
          onCommit={(name) => edit((graph) => renameNode(graph, node.id, name.trim()))}
          className="border-transparent px-1.5 font-semibold text-lg hover:bg-raised"
        />
      </div>
      <p className="text-muted text-sm">
        {info ? info.description : `${unknown} The node is kept unchanged.`}
      </p>
      <Field
        inline
        label="Enabled"
        htmlFor={`enabled-${node.id}`}
        hint={
          fixed ? info.disable_reason : node.disabled ? "Disabled: its input is passed through." : undefined
        }
      >
        <Switch
          id={`enabled-${node.id}`}
          checked={!node.disabled}
          disabled={fixed}
          onChange={() => toggleDisabled(new Set([node.id]))}
        />
      </Field>
    </div>
  );
}

function Figures({ report }: { report: NodeReport | undefined }) {
  if (!report || (!report.parameters && !report.flops && !report.activation)) return null;
  return (
    <Section title="Size">
      <dl className="grid grid-cols-[1fr_auto] gap-y-1 text-sm">
        <dt className="text-muted">Parameters</dt>
        <dd className="text-right tabular-nums">
          {formatInt(report.parameters)}
          {report.frozen > 0 && <span className="text-muted">{frozenText(report)}</span>}
        </dd>
        <dt className="text-muted">FLOPs per sample</dt>
        <dd className="text-right tabular-nums" title={formatInt(report.flops)}>
          {formatCount(report.flops)}
        </dd>
        <dt className="text-muted">Output per sample</dt>
        <dd className="text-right tabular-nums">{formatBytes(report.activation ?? 0)}</dd>
      </dl>
    </Section>
  );
}

/** Return how many of the parameters are not trained, after their number. */
function frozenText({ frozen, parameters }: NodeReport): string {
  return frozen === parameters ? ", frozen" : `, ${formatInt(frozen)} frozen`;
}

function Help({ info }: { info: NodeInfo }) {
  if (!info.formula && !info.shape_rule && !info.url) return null;
  return (
    <Section title="About">
      {info.formula && (
        <p className="overflow-x-auto rounded-md bg-raised px-2 py-1.5 font-mono text-sm">{info.formula}</p>
      )}
      {info.shape_rule && (
        <p className="text-muted text-sm">
          Shape <span className="font-mono text-text">{info.shape_rule}</span>
        </p>
      )}
      {info.url && (
        <a
          href={info.url}
          target="_blank"
          rel="noreferrer"
          className="inline-flex min-h-6 items-center gap-1.5 self-start rounded-sm text-accent hover:underline"
        >
          <BookOpen aria-hidden className="size-3.5" />
          {info.display_name} in the PyTorch documentation
        </a>
      )}
    </Section>
  );
}
