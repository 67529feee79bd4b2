import { Download } from "lucide-react";
import { useRunResults } from "@/features/runs/store/useRunResults";
import { artifactUrl } from "@/shared/api/runs";
import type { Artifact, Run } from "@/shared/api/types";
import { formatBytes } from "@/shared/lib/format";
import { Confusion } from "./Confusion";
import { Scatter } from "./Scatter";

/** The results of a run that has ended: its errors on held-out data, and its files. */
export function Results({ run }: { run: Run }) {
  const { predictions, artifacts } = useRunResults(run.id);
  const files = artifacts.filter((file) => !file.name.startsWith("checkpoint-"));
  if (files.length === 0) return null;
  return (
    <section aria-label="Results" className="flex min-w-0 flex-col gap-2">
      {predictions?.task === "regression" && <Scatter predictions={predictions} />}
      {predictions?.task === "classification" && <Confusion predictions={predictions} />}
      <Files run={run} files={files} />
    </section>
  );
}

function Files({ run, files }: { run: Run; files: Artifact[] }) {
  return (
    <>
      <FileList run={run} files={files} />
      {files.map(({ name, notes }) => notes.length > 0 && <Notes key={name} name={name} notes={notes} />)}
    </>
  );
}

/** What a user of a file has to know. */
function Notes({ name, notes }: { name: string; notes: string[] }) {
  return (
    <section aria-label={`How to use ${name}`} className="max-w-prose text-sm">
      <h4 className="font-medium">{name}</h4>
      <ul className="list-disc pl-5 text-muted">
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </section>
  );
}

function FileList({ run, files }: { run: Run; files: Artifact[] }) {
  return (
    <ul aria-label="Files of the run" className="flex flex-wrap gap-1.5">
      {files.map((file) => (
        <li key={file.name}>
          <a
            href={artifactUrl(run.id, file.name)}
            download={file.name}
            className="inline-flex h-6 items-center gap-1.5 rounded-md border px-2 text-sm hover:bg-raised"
          >
            <Download aria-hidden className="size-3.5 text-muted" />
            {file.name}
            <span className="text-muted text-xs">{formatBytes(file.bytes)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
