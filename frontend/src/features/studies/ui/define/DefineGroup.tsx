import { ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import type { GroupDraft, StudyDraft } from "@/features/studies/model/studyPlan";
import type { Choices } from "@/features/studies/model/studyPlanParts";
import { changeDraft } from "@/features/studies/store/studyDefinition";
import { useStudyDraft } from "@/features/studies/store/studyDraft";
import { plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Select } from "@/shared/ui/fields/Select";
import { howOf, IN_PLACE, InPlace } from "./DefineInPlace";

interface InPlaceOfAllProps {
  part: GroupDraft;
  name: string;
  draft: StudyDraft;
}

/** One linear layer as the replacement of a whole group, where one fits. */
export function InPlaceOfAll({ part, name, draft }: InPlaceOfAllProps) {
  const offer = useStudyDraft((state) => ownValue(state.offers, part.nodes.join("+")));
  if (!part.whole && !offer?.how.includes("plain")) return null;
  const choose = (next: string): void =>
    changeDraft({
      parts: draft.parts.map((one) => (one === part ? { ...part, whole: next === "whole" } : one)),
    });
  const detail = offer?.plain ? { detail: plural(offer.plain, "parameter") } : {};
  return (
    <Select
      label={`Replacement of all of ${name}`}
      value={part.whole ? "whole" : "each"}
      onChange={choose}
      options={[
        { value: "each", label: "Node by node" },
        { value: "whole", label: "One linear layer", ...detail },
      ]}
      className="h-6 w-36! text-sm"
    />
  );
}

interface GroupNodesProps {
  part: GroupDraft;
  name: string;
  draft: StudyDraft;
  choices: Choices;
}

/** The nodes of a group, each with its replacement; collapsed by default. */
export function GroupNodes({ part, name, draft, choices }: GroupNodesProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <div className="w-full">
      <button
        type="button"
        aria-expanded={open}
        aria-controls={id}
        aria-label={`Replacement of each node of ${name}: ${inPlaceOf(part.nodes, draft)}`}
        onClick={() => setOpen(!open)}
        className="-ml-1 flex min-h-6 items-center gap-1 rounded-sm pr-1 text-muted text-xs hover:text-text"
      >
        <ChevronRight aria-hidden className={open ? "size-3.5 rotate-90" : "size-3.5"} />
        {inPlaceOf(part.nodes, draft)}
      </button>
      <ul id={id} hidden={!open} className="mb-1 ml-1.5 border-l pl-3">
        {open &&
          part.nodes.map((node) => {
            const label = choices.nodes.get(node)?.label ?? node;
            return (
              <li key={node} className="flex min-h-8 items-center gap-2">
                <span className="min-w-0 grow truncate" title={label}>
                  {label}
                </span>
                <InPlace node={node} name={label} how={howOf(draft, node)} roomy />
              </li>
            );
          })}
      </ul>
    </div>
  );
}

/** Such as "Switched off", or "2 switched off, 1 zero". */
function inPlaceOf(nodes: readonly string[], draft: StudyDraft): string {
  const hows = nodes.map((node) => howOf(draft, node));
  const kinds = [...new Set(hows)];
  if (kinds.length === 1 && kinds[0])
    return nodes.length > 1 ? `All: ${IN_PLACE[kinds[0]].toLowerCase()}` : IN_PLACE[kinds[0]];
  return kinds
    .map((kind) => `${hows.filter((how) => how === kind).length} ${IN_PLACE[kind].toLowerCase()}`)
    .join(", ");
}
