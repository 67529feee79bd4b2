import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { type MouseEvent, useId } from "react";
import { type PartDraft, partKey, type StudyDraft } from "@/features/studies/model/studyPlan";
import { type Choices, hasColumns } from "@/features/studies/model/studyPlanParts";
import { changeDraft } from "@/features/studies/store/studyDefinition";
import { formatInt, plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { SearchSelect } from "@/shared/ui/fields/SearchSelect";
import { TextField } from "@/shared/ui/fields/TextField";
import { IconButton } from "@/shared/ui/IconButton";
import type { FormProps } from "./DefineForm";
import { GroupNodes, InPlaceOfAll } from "./DefineGroup";
import { howOf, InPlace } from "./DefineInPlace";
import { passFocus } from "./DefineOptions";

/** The removed parts: nodes, groups and input columns, in the order of the list. */
export function DefineParts({ draft, choices, problems }: FormProps) {
  const id = useId();
  const onlyGroups = draft.kind === "leave_group_out";
  const shown = draft.parts.filter((part) => !onlyGroups || part.kind === "group");
  return (
    <fieldset aria-labelledby={id} className="flex min-w-0 flex-col gap-1.5">
      <legend id={id} className="mb-1 font-medium text-sm">
        {onlyGroups ? "Groups" : draft.kind === "cumulative" ? "Parts, in this order" : "Parts"}
      </legend>
      {shown.length > 0 && (
        <ol className="flex flex-col rounded-md border">
          {shown.map((part, place) => (
            <PartRow
              key={partKey(part)}
              part={part}
              place={draft.kind === "cumulative" ? place : null}
              last={place === shown.length - 1}
              draft={draft}
              choices={choices}
              problem={ownValue(problems, partKey(part))}
            />
          ))}
        </ol>
      )}
      <Picker draft={draft} choices={choices} onlyGroups={onlyGroups} />
      {problems.strategy && !(onlyGroups && choices.groups.length === 0) && (
        <p className="wrap-anywhere text-danger text-xs">{problems.strategy}</p>
      )}
    </fieldset>
  );
}

interface PartRowProps {
  part: PartDraft;
  /** Its position, where the order matters. */
  place: number | null;
  last: boolean;
  draft: StudyDraft;
  choices: Choices;
  problem: string | undefined;
}

function PartRow({ part, place, last, draft, choices, problem }: PartRowProps) {
  const { name, detail } = wordsOf(part, choices);
  const remove = (event: MouseEvent<HTMLElement>): void => {
    passFocus(event.currentTarget, "li");
    changeDraft({ parts: draft.parts.filter((one) => partKey(one) !== partKey(part)) });
  };
  return (
    <li className="flex min-h-8 flex-wrap items-center gap-x-2 gap-y-1 border-b py-0.5 pr-1 pl-2 last:border-b-0">
      {place !== null && <span className="w-4 text-right text-muted text-xs tabular-nums">{place + 1}</span>}
      <span className="flex min-w-0 grow basis-24 items-baseline gap-2">
        <span className="min-w-0 truncate" title={name}>
          {name}
        </span>
        <span className="min-w-0 shrink-[2] truncate text-muted text-xs">{detail}</span>
      </span>
      {part.kind === "node" && <InPlace node={part.node} name={name} how={howOf(draft, part.node)} />}
      {part.kind === "group" && <InPlaceOfAll part={part} name={name} draft={draft} />}
      {part.kind === "columns" && <Columns part={part} draft={draft} name={name} problem={problem} />}
      <span className="flex">
        {place !== null && <Move part={part} name={name} first={place === 0} last={last} draft={draft} />}
        <IconButton size="sm" data-remove label={`Remove ${name}`} onClick={remove}>
          <X />
        </IconButton>
      </span>
      {part.kind === "group" && !part.whole && (
        <GroupNodes part={part} name={name} draft={draft} choices={choices} />
      )}
      {problem && <p className="w-full text-danger text-xs">{problem}</p>}
    </li>
  );
}

function wordsOf(part: PartDraft, { nodes }: Choices): { name: string; detail: string } {
  if (part.kind === "group") return { name: part.title, detail: plural(part.nodes.length, "node") };
  const choice = nodes.get(part.node);
  const name = choice?.label ?? part.node;
  if (part.kind === "columns") return { name, detail: "columns" };
  return { name, detail: choice ? (choice.info?.display_name ?? choice.node.type) : "not in the graph" };
}

interface ColumnsProps {
  part: Extract<PartDraft, { kind: "columns" }>;
  draft: StudyDraft;
  name: string;
  problem: string | undefined;
}

function Columns({ part, draft, name, problem }: ColumnsProps) {
  const write = (text: string): void =>
    changeDraft({ parts: draft.parts.map((one) => (one === part ? { ...part, text } : one)) });
  return (
    <div className="min-w-24 grow basis-28">
      <TextField
        aria-label={`Columns of ${name}`}
        aria-invalid={problem ? true : undefined}
        placeholder="x1, x2"
        value={part.text}
        onCommit={write}
        className="h-6"
      />
    </div>
  );
}

interface MoveProps {
  part: PartDraft;
  name: string;
  first: boolean;
  last: boolean;
  draft: StudyDraft;
}

function Move({ part, name, first, last, draft: { parts } }: MoveProps) {
  const move = (step: 1 | -1): void => {
    const place = parts.indexOf(part);
    const next = parts.toSpliced(place, 1).toSpliced(place + step, 0, part);
    changeDraft({ parts: next });
  };
  return (
    <>
      <IconButton
        size="sm"
        label={`Move ${name} up`}
        aria-disabled={first}
        onClick={() => !first && move(-1)}
      >
        <ArrowUp />
      </IconButton>
      <IconButton size="sm" label={`Move ${name} down`} aria-disabled={last} onClick={() => !last && move(1)}>
        <ArrowDown />
      </IconButton>
    </>
  );
}

interface PickerProps {
  draft: StudyDraft;
  choices: Choices;
  onlyGroups: boolean;
}

/** Adds a part: any node that can be switched off, a group, or columns of a data node. */
function Picker({ draft, choices, onlyGroups }: PickerProps) {
  const taken = new Set(draft.parts.map(partKey));
  const open = partsOf(choices).filter(
    ({ part }) => !taken.has(partKey(part)) && (!onlyGroups || part.kind === "group"),
  );
  if (onlyGroups && open.length === 0 && !draft.parts.some(({ kind }) => kind === "group"))
    return <NoGroups />;
  if (open.length === 0) return null;
  const options = open.map(({ part, label, detail }) => ({ value: partKey(part), label, detail }));
  const add = (key: string): void => {
    const found = open.find(({ part }) => partKey(part) === key);
    if (found) changeDraft({ parts: [...draft.parts, found.part] });
  };
  const all = (): void => changeDraft({ parts: [...draft.parts, ...open.map(({ part }) => part)] });
  return (
    <div className="flex items-center gap-1.5">
      <SearchSelect
        label={onlyGroups ? "Add a group" : "Add a part"}
        placeholder={onlyGroups ? "Add a group…" : "Add a part…"}
        value=""
        onChange={add}
        options={options}
      />
      {onlyGroups && (
        <IconButton label={`Add all ${formatInt(open.length)}`} onClick={all}>
          <Plus />
        </IconButton>
      )}
    </div>
  );
}

const NoGroups = () => (
  <p className="rounded-md bg-raised p-2 text-muted text-sm">
    The graph has no group with a node that can be removed. Select nodes on the canvas and press Ctrl G to
    group them.
  </p>
);

interface PartChoice {
  part: PartDraft;
  label: string;
  detail: string;
}

function partsOf(choices: Choices): PartChoice[] {
  const all = [...choices.nodes.values()];
  return [
    ...all
      .filter(({ able }) => able)
      .map(({ id, label, node, info }): PartChoice => {
        return { part: { kind: "node", node: id }, label, detail: info?.display_name ?? node.type };
      }),
    ...choices.groups.map(({ title, nodes }): PartChoice => {
      return { part: { kind: "group", title, nodes }, label: title, detail: `group of ${nodes.length}` };
    }),
    ...all.filter(hasColumns).map(({ id, label }): PartChoice => {
      return { part: { kind: "columns", node: id, text: "" }, label, detail: "input columns" };
    }),
  ];
}
