import { classScores, labelScores, rowNumber } from "@/features/runs/model/results";
import type { Predictions } from "@/shared/api/types";
import { formatInt, formatPercent } from "@/shared/lib/format";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";

type Classification = Extract<Predictions, { task: "classification" }>;

/** Confusion matrices, scores per class or label, and the most confident mistakes. */
export function Confusion({ predictions }: { predictions: Classification }) {
  const { classes, confusion, columns, rows, ignored } = predictions;
  const tested = `${formatInt(rows)} test rows${ignored ? `, ${formatInt(ignored)} targets ignored by the loss` : ""}`;
  return (
    <div
      className="grid items-start gap-2"
      style={{ gridTemplateColumns: "repeat(auto-fit, minmax(min(330px, 100%), 1fr))" }}
    >
      {confusion && (
        <Card
          title="Confusion matrix"
          note={`${tested}${columns ? ", all target columns" : ""}; rows are true, columns predicted`}
        >
          <Matrix classes={classes} confusion={confusion} />
        </Card>
      )}
      {columns && (
        <Card
          title="Confusion by target column"
          note={
            confusion ? "rows are true, columns predicted" : `${tested}; rows are true, columns predicted`
          }
        >
          <div className="flex flex-wrap gap-x-4 gap-y-2">
            {columns.map((column) => (
              <div key={column.name}>
                <p className="px-1 text-sm">{column.name}</p>
                <Matrix classes={classes} confusion={column.confusion} />
              </div>
            ))}
          </div>
        </Card>
      )}
      <Scores predictions={predictions} />
      <Mistakes predictions={predictions} />
    </div>
  );
}

function Scores({ predictions: { classes, confusion, columns } }: { predictions: Classification }) {
  const scores = confusion ? classScores(classes, confusion) : labelScores(columns ?? []);
  const kind = confusion ? "Class" : "Label";
  return (
    <Card title={`Scores by ${kind.toLowerCase()}`} note={confusion ? "on the test rows" : "of its 1s"}>
      <Table
        head={[kind, "Precision", "Recall", "F1", "Rows"]}
        rows={scores.map((score) => [
          score.label,
          formatPercent(score.precision),
          formatPercent(score.recall),
          formatPercent(score.f1),
          formatInt(score.support),
        ])}
      />
    </Card>
  );
}

function Mistakes({ predictions: { columns, mistakes, format } }: { predictions: Classification }) {
  return (
    <Card title="Worst mistakes" note="wrong with the highest confidence">
      {mistakes.length === 0 ? (
        <p className="py-2 text-muted">Every test row was right.</p>
      ) : (
        <Table
          head={["Row", ...(columns ? ["Column"] : []), "True", "Predicted", "Confidence"]}
          rows={mistakes.map((mistake) => [
            String(rowNumber(mistake.row, format)),
            ...(columns ? [mistake.column ?? ""] : []),
            mistake.true,
            mistake.predicted,
            formatPercent(mistake.confidence),
          ])}
        />
      )}
    </Card>
  );
}

/** Counts of the true classes (rows) by the predicted ones. */
function Matrix({ classes, confusion }: { classes: string[]; confusion: number[][] }) {
  return (
    <table className="text-center font-mono text-xs tabular-nums">
      <thead>
        <tr>
          <td />
          {classes.map((label) => (
            <th
              key={label}
              scope="col"
              className="max-w-24 truncate px-1.5 py-1 font-normal text-muted"
              title={label}
            >
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {classes.map((label, i) => (
          <tr key={label}>
            <th
              scope="row"
              className="max-w-28 truncate px-2 py-1 text-right font-normal text-muted"
              title={label}
            >
              {label}
            </th>
            {(confusion[i] ?? []).map((count, j) => (
              <Cell
                key={classes[j]}
                count={count}
                total={(confusion[i] ?? []).reduce((a, b) => a + b, 0)}
                right={i === j}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Card({ title, note, children }: { title: string; note: string; children: React.ReactNode }) {
  return (
    <figure className="min-w-0 rounded-lg border bg-panel p-2" aria-label={title}>
      <figcaption className="flex gap-2 px-1 text-sm">
        <span className="font-medium">{title}</span>
        <span className="text-muted">{note}</span>
      </figcaption>
      <ScrollRegion className="max-h-64 overflow-auto" label={`${title}, figures`}>
        {children}
      </ScrollRegion>
    </figure>
  );
}

/** Shaded by the share of its row; right ones in green, wrong ones in red, and the figure in each. */
function Cell({ count, total, right }: { count: number; total: number; right: boolean }) {
  const share = total > 0 ? count / total : 0;
  const colour = right ? "var(--success)" : "var(--danger)";
  return (
    <td
      className="h-7 min-w-9 border px-1.5"
      style={{
        background:
          count > 0 ? `color-mix(in srgb, ${colour} ${Math.round(8 + share * 32)}%, transparent)` : undefined,
      }}
      title={formatPercent(share)}
    >
      {count}
    </td>
  );
}

function Table({ head, rows }: { head: string[]; rows: string[][] }) {
  return (
    <table className="w-full text-sm">
      <thead className="text-left text-muted text-xs">
        <tr>
          {head.map((name) => (
            <th key={name} className="px-1.5 py-1 font-normal">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="tabular-nums">
        {rows.map((row) => (
          <tr key={row.join("\u0000")} className="border-t">
            {row.map((value, index) => (
              <td key={head[index]} className="max-w-40 truncate px-1.5 py-0.5" title={value}>
                {value}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
