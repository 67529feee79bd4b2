import { Pencil } from "lucide-react";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { compareGraphs, summaryOf } from "@/features/graph/model/compare/diff";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { isDirty, useGraph } from "@/features/graph/store/graph";
import { type Choice, versionTitle } from "@/features/versions/model/versions";
import { useVersionGraphs } from "@/features/versions/store/useVersions";
import type { GraphVersion } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatAgo } from "@/shared/lib/format";
import { NameField } from "@/shared/ui/fields/NameField";
import { IconButton } from "@/shared/ui/IconButton";
import { useSeen } from "@/shared/ui/useSeen";

interface VersionListProps {
  versions: GraphVersion[];
  shown: Choice;
  onShow: (choice: Choice) => void;
  onRename: (version: number, label: string) => Promise<void>;
}

/** The open graph, and below it every version, the newest first, each with what it changed. */
export function VersionList({ versions, shown, onShow, onRename }: VersionListProps) {
  const dirty = useGraph(isDirty);
  return (
    <ul aria-label="Versions" className="w-72 shrink-0 overflow-y-auto pr-1">
      <li>
        <Row selected={shown === "present"} onShow={() => onShow("present")} title="What is open now">
          {dirty ? "Unsaved edits" : "Same as the newest version"}
        </Row>
      </li>
      {versions.map((version, index) => (
        <VersionItem
          key={version.version}
          version={version}
          previous={versions[index + 1]?.version ?? null}
          selected={shown === version.version}
          onShow={() => onShow(version.version)}
          onRename={(label) => void onRename(version.version, label)}
        />
      ))}
    </ul>
  );
}

interface RowProps {
  selected: boolean;
  onShow: () => void;
  title: ReactNode;
  children: ReactNode;
}

function Row({ selected, onShow, title, children }: RowProps) {
  return (
    <button
      type="button"
      aria-current={selected || undefined}
      onClick={onShow}
      className={cn(
        "w-full rounded-md px-2 py-1.5 text-left",
        selected ? "bg-accent-soft" : "hover:bg-raised",
      )}
    >
      <span className="block truncate pr-6 font-medium">{title}</span>
      <span className="line-clamp-2 text-muted text-xs">{children}</span>
    </button>
  );
}

interface VersionItemProps {
  version: GraphVersion;
  previous: number | null;
  selected: boolean;
  onShow: () => void;
  onRename: (label: string) => void;
}

function VersionItem({ version, previous, selected, onShow, onRename }: VersionItemProps) {
  const [naming, setNaming] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  const summary = useSummary(version.version, previous, useSeen(item));
  const title = versionTitle(version);
  if (naming) {
    return (
      <li className="px-2 py-1.5">
        <NameField
          label={`Name of version ${version.version}`}
          value={version.label}
          onCommit={onRename}
          onLeave={() => setNaming(false)}
          className="h-7 px-2"
        />
      </li>
    );
  }
  return (
    <li ref={item} className="group relative">
      <Row selected={selected} onShow={onShow} title={title}>
        <time dateTime={new Date(version.created * 1000).toISOString()} title={exactly(version.created)}>
          {formatAgo(version.created)}
        </time>
        {summary && ` · ${summary}`}
      </Row>
      <IconButton
        size="sm"
        label={`Name ${title}`}
        onClick={() => setNaming(true)}
        className="absolute top-1 right-1 opacity-0 focus-visible:opacity-100 group-hover:opacity-100"
      >
        <Pencil />
      </IconButton>
    </li>
  );
}

const exactly = (time: number): string =>
  new Date(time * 1000).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });

/** What a version changed, in a few words; empty until it is known. */
function useSummary(version: number, previous: number | null, enabled: boolean): string {
  const types = useCatalogue((state) => state.types);
  const { graphs } = useVersionGraphs(enabled ? [previous, version] : [null, null]);
  const [before, after] = graphs;
  return useMemo(() => {
    if (previous === null) return "The first version";
    return before && after ? summaryOf(compareGraphs(before, after, types)) : "";
  }, [previous, before, after, types]);
}
