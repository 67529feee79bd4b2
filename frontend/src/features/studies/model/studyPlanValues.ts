/** Values as they are listed for a study: "0.1, 0.01", "relu, gelu", "[3, 3], [5, 5]", "bias=off, kernel_size=3". */

import { type NamedInput, paramLabel, valueText } from "@/features/graph/model/catalogue";
import { isTyped, numberRange, parseTyped, type Typed } from "@/features/graph/model/values";
import type { Json } from "@/shared/api/types";
import { parseNumber, readNumber } from "@/shared/lib/numbers";
import { ownValue } from "@/shared/lib/ownValue";

/** Looks parameters up, of a node of the graph or of a node type. */
export interface FindParam {
  ofNode: (node: string, param: string) => NamedInput | undefined;
  ofType: (type: string, param: string) => NamedInput | undefined;
}

const MOST_VALUES = 100;
/** Text in brackets or quotes is one item. */
const ITEM = /(?:"[^"]*"|\[[^\]]*\]|\([^)]*\)|[^,;])+/g;

const items = (text: string): string[] =>
  (text.match(ITEM) ?? []).map((item) => item.trim()).filter((item) => item !== "");

/** The values of a list, for a parameter where it is known. */
export function readValues(
  text: string,
  param: NamedInput | undefined,
): { values: Json[] } | { problem: string } {
  const values: Json[] = [];
  for (const item of items(text)) {
    const read = readValue(item, param);
    if ("problem" in read) return read;
    if (values.some((value) => JSON.stringify(value) === JSON.stringify(read.value)))
      return { problem: `${item} is given twice.` };
    values.push(read.value);
  }
  if (values.length === 0) return { problem: "List at least one value." };
  return values.length > MOST_VALUES ? { problem: `List at most ${MOST_VALUES} values.` } : { values };
}

/** Parameters as "name=value, name=value"; those of a type that is known must have it. */
export function readParams(
  text: string,
  find: (name: string) => NamedInput | undefined,
  type: string,
): { params: Record<string, Json> } | { problem: string } {
  const params = Object.create(null) as Record<string, Json>; // a name may be "__proto__"
  for (const item of items(text)) {
    const [, name = "", value = ""] = /^(\w+)\s*[=:]\s*(.+)$/.exec(item) ?? [];
    if (name === "") return { problem: `“${item}” is not of the form “name=value”.` };
    const param = find(name);
    if (!param && type) return { problem: `${type} has no parameter “${name}”.` };
    const read = readValue(value, param);
    if ("problem" in read) return read;
    params[name] = read.value;
  }
  return { params };
}

const NONE = /^(none|null)$/i;
const WORDS: Record<string, boolean> = {
  on: true,
  true: true,
  yes: true,
  off: false,
  false: false,
  no: false,
};

function readValue(text: string, param: NamedInput | undefined): Typed {
  if (!param) return { value: guessed(text) };
  if (param.nullable && NONE.test(text)) return { value: null };
  const read = fittingValue(text, param);
  return "problem" in read ? { problem: `${paramLabel(param)} ${read.problem}` } : read;
}

function fittingValue(text: string, param: NamedInput): Typed {
  if (param.choices) return choiceOf(text, param.choices);
  if (param.dtype === "BOOL") {
    const value = ownValue(WORDS, text.toLowerCase());
    return value === undefined ? { problem: `is on or off, not “${text}”.` } : { value };
  }
  if (isTyped(param) || param.many) return parseTyped(text, param);
  if (param.dtype === "INT" || param.dtype === "FLOAT") return readNumber(text, numberRange(param));
  return { value: unquoted(text) };
}

function choiceOf(text: string, choices: readonly Json[]): Typed {
  const query = unquoted(text).toLowerCase();
  const found = choices.find((choice) =>
    [valueText(choice), String(choice)].some((label) => label.toLowerCase() === query),
  );
  if (found !== undefined) return { value: found };
  return { problem: `is one of ${choices.map(valueText).join(", ")}, not “${text}”.` };
}

const unquoted = (text: string): string => /^"(.*)"$/.exec(text)?.[1] ?? text;

/** The value of an unknown parameter: a number, or else the text. */
function guessed(text: string): Json {
  const number = parseNumber(text);
  if (Number.isFinite(number)) return number;
  return NONE.test(text) ? null : (ownValue(WORDS, text.toLowerCase()) ?? unquoted(text));
}
