import { Download } from "lucide-react";
import { artifactUrl } from "@/api/runs";
import type { Artifact, Run } from "@/api/types";
import { useRunResults } from "@/hooks/useRunResults";
import { formatBytes, formatNumber } from "@/lib/format";
import { metricLabel } from "@/lib/metrics";
import { Confusion } from "./Confusion";
import { Scatter } from "./Scatter";

/** How good a run is: figures on held-out data, a picture of its mistakes, and its files. */
export function Results({ run }: { run: Run }) {
  const { predictions, artifacts } = useRunResults(run.id);
  const tests = Object.entries(run.metrics).filter(([key]) => key.startsWith("test_"));
  const files = artifacts.filter((file) => !file.name.startsWith("checkpoint-"));
  if (tests.length === 0 && files.length === 0) return null;
  return (
    <section aria-label="Results" className="flex min-w-0 flex-col gap-2">
      {tests.length > 0 && (
        <ul className="flex flex-wrap gap-2">
          {tests.map(([key, { last }]) => (
            <li key={key} className="min-w-28 rounded-lg border bg-panel px-3 py-1.5">
              <p className="text-muted text-xs">{metricLabel(key)}</p>
              <p className="font-semibold text-lg tabular-nums" title={String(last)} data-testid={key}>
                {formatNumber(last)}
              </p>
            </li>
          ))}
        </ul>
      )}
      {predictions?.task === "regression" && <Scatter predictions={predictions} />}
      {predictions?.task === "classification" && <Confusion predictions={predictions} />}
      <Files run={run} files={files} />
    </section>
  );
}

function Files({ run, files }: { run: Run; files: Artifact[] }) {
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
