import type { NodeChoice } from "@/features/studies/model/studyPlanParts";
import type { Option } from "@/shared/ui/fields/selectParts";

/** Before a row is removed, move the focus to the same button of a neighbour; it would be lost otherwise. */
export function passFocus(from: HTMLElement, rows: string): void {
  const own = from.closest(rows);
  const neighbours = [own?.nextElementSibling, own?.previousElementSibling];
  const buttons = neighbours.flatMap((row) => row?.querySelector<HTMLElement>("[data-remove]") ?? []);
  buttons[0]?.focus();
}

/** Nodes to select from, with their types. */
export const nodeOptions = (nodes: readonly NodeChoice[]): Option[] =>
  nodes.map(({ id, label, node, info }) => ({ value: id, label, detail: info?.display_name ?? node.type }));
