import { X } from "lucide-react";
import { useState } from "react";
import { useGraphs } from "@/features/files/store/useGraphs";
import { reportError } from "@/features/graph/store/documents";
import { useGraph } from "@/features/graph/store/graph";
import { freshNetwork, type Network } from "@/features/studies/model/studyPlanNetworks";
import { changeDraft, useDraft } from "@/features/studies/store/studyDefinition";
import { versionTitle } from "@/features/versions/model/versions";
import { useVersions } from "@/features/versions/store/useVersions";
import { readGraph, readVersion } from "@/shared/api/graphs";
import type { Graph } from "@/shared/api/types";
import { formatAgo } from "@/shared/lib/format";
import { SearchSelect } from "@/shared/ui/fields/SearchSelect";
import type { Option } from "@/shared/ui/fields/selectParts";
import { TextField } from "@/shared/ui/fields/TextField";
import { IconButton } from "@/shared/ui/IconButton";
import type { FormProps } from "./DefineForm";
import { passFocus } from "./DefineOptions";

/** The compared networks: the baseline, and versions, other graphs and graphs of runs. */
export function DefineNetworks({ draft, problems }: FormProps) {
  const { baseline, networks } = draft;
  const write = (key: string, label: string): void =>
    changeDraft({ networks: networks.map((one) => (one.key === key ? { ...one, label } : one)) });
  return (
    <fieldset className="flex min-w-0 flex-col gap-1.5">
      <legend className="mb-1 font-medium text-sm">Networks</legend>
      <ol className="flex flex-col rounded-md border">
        <Baseline baseline={baseline} />
        {networks.map((network) => (
          <Row
            key={network.key}
            network={network}
            problem={problems[`network:${network.key}`]}
            onRename={(label) => write(network.key, label)}
            onRemove={() => changeDraft({ networks: networks.filter(({ key }) => key !== network.key) })}
          />
        ))}
      </ol>
      <Picker taken={networks.map(({ key }) => key)} />
      {problems.strategy && <p className="wrap-anywhere text-danger text-xs">{problems.strategy}</p>}
    </fieldset>
  );
}

function Baseline({ baseline }: { baseline: Network | null }) {
  return (
    <li className="flex min-h-8 items-center gap-x-2 border-b py-0.5 pr-1 pl-2 last:border-b-0">
      <span className="flex min-w-0 grow items-baseline gap-2">
        <span className="min-w-0 truncate" title={baseline?.label}>
          {baseline?.label ?? "The open graph"}
        </span>
        <span className="shrink-0 text-muted text-xs">baseline</span>
      </span>
      {baseline && (
        <IconButton
          size="sm"
          label="Compare with the open graph instead"
          onClick={() => changeDraft({ baseline: null })}
        >
          <X />
        </IconButton>
      )}
    </li>
  );
}

interface RowProps {
  network: Network;
  problem: string | undefined;
  onRename: (label: string) => void;
  onRemove: () => void;
}

function Row({ network: { label, origin }, problem, onRename, onRemove }: RowProps) {
  return (
    <li className="flex min-h-8 flex-wrap items-center gap-x-2 gap-y-1 border-b py-0.5 pr-1 pl-2 last:border-b-0">
      <div className="min-w-24 grow basis-28">
        <TextField
          aria-label={`Name of ${label || origin} in the table`}
          aria-invalid={problem ? true : undefined}
          maxLength={200}
          value={label}
          onCommit={onRename}
          className="h-6"
        />
      </div>
      <span className="max-w-32 shrink-0 truncate text-muted text-xs" title={origin}>
        {origin}
      </span>
      <IconButton
        size="sm"
        data-remove
        label={`Remove ${label || origin}`}
        onClick={(event) => {
          passFocus(event.currentTarget, "li");
          onRemove();
        }}
      >
        <X />
      </IconButton>
      {problem && <p className="w-full text-danger text-xs">{problem}</p>}
    </li>
  );
}

interface Source extends Option {
  name: string;
  origin: string;
  read: () => Promise<Graph>;
}

/** Every version of the open graph, and every other graph that is stored. */
function useSources(): { sources: Source[]; pending: boolean } {
  const id = useGraph((state) => state.graphId);
  const { versions } = useVersions();
  const { graphs, pending } = useGraphs();
  const ofVersions = (versions ?? []).map((version): Source => {
    const name = versionTitle(version);
    return {
      value: `version ${version.version}`,
      label: name,
      name,
      detail: formatAgo(version.created),
      origin: "of this graph",
      read: () => readVersion(id ?? "", version.version),
    };
  });
  const others = graphs.filter((one) => one.id !== id);
  const ofGraphs = others.map(({ id: other, name }): Source => {
    const read = async (): Promise<Graph> => {
      const { draft, graph } = await readGraph(other);
      return draft ?? graph;
    };
    return { value: `graph ${other}`, label: name, name, detail: "graph", origin: "another graph", read };
  });
  return { sources: [...ofVersions, ...ofGraphs], pending: pending || versions === null };
}

/** Adds a network: its document is loaded once. */
function Picker({ taken }: { taken: readonly string[] }) {
  const networks = useDraft()?.networks ?? [];
  const { sources, pending } = useSources();
  const [fetching, setFetching] = useState(false);
  const open = sources.filter(({ value }) => !taken.includes(value));
  const add = async (key: string): Promise<void> => {
    const source = open.find(({ value }) => value === key);
    if (!source) return;
    setFetching(true);
    try {
      const graph = await source.read();
      changeDraft({ networks: [...networks, freshNetwork(key, source.name, source.origin, graph)] });
    } catch (error) {
      reportError(error);
    } finally {
      setFetching(false);
    }
  };
  if (sources.length > 0 && open.length === 0) return null;
  if (sources.length === 0 && !pending) {
    return (
      <p className="rounded-md bg-raised p-2 text-muted text-sm">
        There is no other version or graph to compare with. Press Ctrl S to save a version of this one.
      </p>
    );
  }
  return (
    <SearchSelect
      label="Add a network"
      placeholder={fetching ? "Loading…" : "Add a version or another graph…"}
      value=""
      onChange={(key) => !fetching && void add(key)}
      options={open}
    />
  );
}
