import type { NodeReport } from "@/shared/api/types";
import { formatInt } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Section } from "./Section";

type PartRows = NonNullable<NodeReport["parts"]>[number];

const NAMES = { train: "Training", val: "Validation", test: "Test" } as const;

/** How many rows, and how many of each class, a splitter gives to each part. */
export function SplitRows({ parts }: { parts: readonly PartRows[] }) {
  if (parts.length === 0) return null;
  const classes = Object.keys(parts[0]?.classes ?? {});
  return (
    <Section title="Rows">
      <table className="w-full text-sm tabular-nums">
        <thead className="text-muted text-xs">
          <tr>
            <th scope="col" className="text-left font-normal">
              Part
            </th>
            {parts.map(({ part }) => (
              <th key={part} scope="col" className="pl-2 text-right font-normal">
                {NAMES[part]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row" className="text-left font-normal">
              All
            </th>
            {parts.map(({ part, rows }) => (
              <td key={part} className="text-right">
                {formatInt(rows)}
              </td>
            ))}
          </tr>
          {classes.map((name) => (
            <tr key={name}>
              <th scope="row" className="max-w-28 truncate text-left font-normal text-muted" title={name}>
                {name}
              </th>
              {parts.map((one) => (
                <td key={one.part} className="text-right">
                  {formatInt(ownValue(one.classes, name))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
