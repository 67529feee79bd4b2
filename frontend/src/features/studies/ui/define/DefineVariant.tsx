import { TriangleAlert } from "lucide-react";
import type { MouseEvent } from "react";
import type { How } from "@/features/studies/model/studyPlan";
import { putInPlace, useStudyDraft } from "@/features/studies/store/studyDraft";
import type { Diagnostic, StudyVariant } from "@/shared/api/types";
import { formatCount, formatInt, formatNumber, plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";

interface DefineVariantProps {
  variant: StudyVariant;
  /** Parameters of the baseline. */
  base: number | null;
  /** The label of the variant with the same network. */
  twin: string | null;
}

/** A variant of the preview: its label, the change, its size, and what is wrong with it. */
export function DefineVariant({ variant, base, twin }: DefineVariantProps) {
  const { label, role, parameters, valid, diagnostics, reset } = variant;
  return (
    <tr className="border-b align-top last:border-b-0">
      <th scope="row" className="wrap-break-word w-[34%] px-3 py-1.5 text-left font-medium">
        {label}
      </th>
      <td className="px-2 py-1.5">
        <p>{role === "baseline" ? "the graph as it is" : done(variant)}</p>
        {twin !== null && (
          <p className="text-muted">
            Same network as {twin}:{" "}
            {variant.same_as === "baseline" ? "it shows nothing." : "it is trained once."}
          </p>
        )}
        {reset.length > 0 && (
          <p className="text-muted" title="The sizes differ, so the first weights cannot be the baseline's.">
            Reinitialised: {reset.join(", ")}
          </p>
        )}
        {!valid && diagnostics[0] && <Problem problem={diagnostics[0]} variant={variant} />}
      </td>
      <td className="whitespace-nowrap px-3 py-1.5 text-right tabular-nums">
        <span title={formatInt(parameters)}>{formatCount(parameters)}</span>
        {role !== "baseline" && <Change from={base} to={parameters} />}
      </td>
    </tr>
  );
}

/** The change, without the layers that adapt to it: they are listed below. */
function done({ how, reset, params }: StudyVariant): string {
  // The label of a sweep's variant already contains the values.
  return Object.keys(params).length > 0 ? "" : how.replace(`; ${reset.join(", ")} adapted`, "");
}

function Change({ from, to }: { from: number | null; to: number | null }) {
  if (!from || to === null) return null;
  const percent = ((to - from) / from) * 100;
  return (
    <span className="block text-muted text-xs">
      {percent === 0 ? "the same" : `${percent > 0 ? "+" : "−"}${formatNumber(Math.abs(percent), 3)} %`}
    </span>
  );
}

/** Why it cannot be trained, and what could replace its part. */
function Problem({ problem, variant }: { problem: Diagnostic; variant: StudyVariant }) {
  const offers = useStudyDraft((state) => state.offers);
  const part = culprit(problem, variant);
  const offer = part === undefined ? undefined : ownValue(offers, part);
  const choose = (event: MouseEvent<HTMLElement>, how: How): void => {
    // The button disappears as soon as it has been applied.
    event.currentTarget.closest("section")?.focus();
    if (part !== undefined) putInPlace(part, how);
  };
  return (
    <div className="mt-1 flex flex-col gap-1.5 rounded-md bg-danger-soft p-2">
      <p className="wrap-anywhere flex gap-1.5">
        <TriangleAlert aria-hidden className="mt-px size-3.5 shrink-0 text-danger" />
        <span>
          <span className="sr-only">Cannot be trained: </span>
          {problem.message} {problem.hint}
        </span>
      </p>
      {offer && offer.how.length > 0 && (
        <div className="flex flex-wrap gap-1.5">
          {offer.how.map((how) => (
            <Button
              key={how}
              size="sm"
              className="h-auto! min-h-6 shrink! whitespace-normal! text-left"
              onClick={(event) => choose(event, how)}
            >
              {offerText(how, offer.plain)}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}

/** The node whose absence is the problem: a replacement may fix it. */
function culprit({ node }: Diagnostic, { edits }: StudyVariant): string | undefined {
  const off = edits.flatMap((edit) => (edit.op === "set_disabled" && edit.disabled ? [edit.node] : []));
  return off.find((one) => one === node) ?? (off.length === 1 ? off[0] : undefined);
}

function offerText(how: How, plain: number | null): string {
  if (how === "zero") return "Zero instead";
  const size = plain === null ? "" : ` (${plural(plain, "parameter")})`;
  return how === "plain" ? `Use one linear layer instead${size}` : "Switch it off instead";
}
