import type { How, StudyDraft } from "@/features/studies/model/studyPlan";
import { putInPlace, useStudyDraft } from "@/features/studies/store/studyDraft";
import { cn } from "@/shared/lib/cn";
import { plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Select } from "@/shared/ui/fields/Select";
import type { Option } from "@/shared/ui/fields/selectParts";

export const IN_PLACE: Record<How, string> = { disable: "Switched off", plain: "Linear layer", zero: "Zero" };
const HOWS: readonly How[] = ["disable", "plain", "zero"];

export const howOf = ({ how }: StudyDraft, node: string): How => ownValue(how, node) ?? "disable";

interface InPlaceProps {
  node: string;
  name: string;
  how: How;
  /** Whether there is room to state that nothing else fits. */
  roomy?: boolean;
}

/** The replacement of a node; what is known not to fit is not offered. */
export function InPlace({ node, name, how, roomy = false }: InPlaceProps) {
  const offer = useStudyDraft((state) => ownValue(state.offers, node));
  const fits = (one: How): boolean => one === "disable" || one === how || !offer || offer.how.includes(one);
  const options = HOWS.filter(fits).map((value): Option => {
    const plain = value === "plain" && offer?.plain ? plural(offer.plain, "parameter") : "";
    return { value, label: IN_PLACE[value], ...(plain && { detail: plain }) };
  });
  if (options.length === 1) return <OnlyOff roomy={roomy} />;
  return (
    <Select
      label={`Replacement of ${name}`}
      value={how}
      onChange={(next) => putInPlace(node, next as How)}
      options={options}
      className="h-6 w-30! text-sm"
    />
  );
}

const OnlyOff = ({ roomy }: { roomy: boolean }) => (
  <span
    className={cn("shrink-0 px-2 text-muted text-xs", !roomy && "w-30")}
    title="Neither a linear layer nor zero fits in its place."
  >
    Switched off<span className={roomy ? "" : "sr-only"}>: nothing else fits</span>
  </span>
);
