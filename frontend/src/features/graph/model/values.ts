/** Parse and format values of parameters: numbers, lists of numbers, or a word. */
import type { Json } from "@/shared/api/types";
import { type NumberRange, rangeText, readNumber } from "@/shared/lib/numbers";
import { type NamedInput, valueText } from "./catalogue";

/** Whether one text field suits a parameter: a list, or a number or word; others get a control for each part. */
export function isTyped({ many, length, single, words }: NamedInput): boolean {
  return words.length > 0 || (many && (single || length === null || length > 3));
}

export function isNumber({ dtype, choices, many, words }: NamedInput): boolean {
  return (dtype === "INT" || dtype === "FLOAT") && !choices && !many && words.length === 0;
}

/** Numbers as small as these differ by orders of magnitude. */
const SMALL = 0.1;

/** Return the range of a parameter, and how it is stepped. */
export function numberRange({ dtype, min, max, step, default: usual }: NamedInput): NumberRange {
  const isOpen = dtype === "FLOAT" && step === null && max === null && min !== null && min >= 0;
  const log = isOpen && typeof usual === "number" && usual <= SMALL;
  return { integer: dtype === "INT", min, max, step, log };
}

/** Format a value for typing: "3", "3, 1", "same"; empty for none. */
export function typedText(value: Json): string {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0)
    ? ""
    : valueText(value);
}

export type Typed = { value: Json } | { problem: string };

/**
 * Parse text for a parameter: a known word, a number, or numbers separated by commas, spaces or ×; each may
 * be an expression. `problem` is the end of a sentence.
 */
export function parseTyped(text: string, param: NamedInput): Typed {
  const plain = unwrapped(text.trim());
  if (plain === "") return emptyOf(param);
  const word = param.words.find((one) => one.toLowerCase() === plain.toLowerCase());
  if (word !== undefined) return { value: word };
  const read = partsOf(plain).map((part) => readNumber(part, numberRange(param)));
  const wrong = read.find((one) => "problem" in one);
  if (wrong) return { problem: withWords(wrong.problem, param.words) };
  const values = read.flatMap((one) => ("value" in one ? [one.value] : []));
  const [first] = values;
  if (values.length === 1 && first !== undefined && (param.single || !param.many)) return { value: first };
  if (param.length === null || values.length === param.length) return { value: values };
  return {
    problem: `takes ${param.single ? "one number or " : ""}${param.length} numbers, not ${values.length}.`,
  };
}

function emptyOf({ nullable, many, single }: NamedInput): Typed {
  if (nullable) return { value: null };
  return many && !single ? { value: [] } : { problem: "needs a value." };
}

function withWords(problem: string, words: readonly string[]): string {
  const quoted = words.map((word) => `“${word}”`).join(" or ");
  return quoted ? `${problem.replace(/\.$/, "")} (or ${quoted}).` : problem;
}

/** Remove the brackets around the text. */
function unwrapped(text: string): string {
  if (!/^[([].*[)\]]$/.test(text)) return text;
  let depth = 0;
  const closes = [...text].findIndex((sign) => {
    if (sign === "(" || sign === "[") depth++;
    if (sign === ")" || sign === "]") depth--;
    return depth === 0;
  });
  return closes === text.length - 1 ? text.slice(1, -1).trim() : text;
}

/** Spaces separate numbers, but not the parts of one expression: "3 -1" is two, "3 - 1" is one. */
function partsOf(text: string): string[] {
  return text
    .replace(/\s*([*/%^])\s*/g, "$1")
    .replace(/(\()\s+|\s+(\))/g, "$1$2")
    .replace(/\s+([-+])\s+/g, "$1")
    .split(/\s*[,;×x]\s*|\s+/)
    .filter(Boolean);
}

/** Return what an empty field means, in a word or two; a number must not look typed. */
export function emptyText({ empty, nullable, many, dtype }: NamedInput): string {
  if (/^\d/.test(empty)) return `not set: ${empty}`;
  return empty || (nullable || many ? "none" : dtype === "STRING" ? "empty" : "");
}

/** A default that is only called "default" is not mentioned. */
function defaultText({ default: usual, empty }: NamedInput): string {
  return usual === "default" ? "" : `default ${(usual === null && empty) || valueText(usual)}`;
}

/** Return range, unit and default of a parameter, such as "1 or more rows, default 32". */
export function factsOf(param: NamedInput, oneDefault = true): string {
  const isNumeric = (param.dtype === "INT" || param.dtype === "FLOAT") && !param.choices;
  const range = isNumeric ? [rangeText(param), param.unit].filter(Boolean).join(" ") : "";
  const usual = oneDefault ? defaultText(param) : "defaults differ";
  return [range, param.widget === null ? usual : ""].filter(Boolean).join(", ");
}

/** Return the help of a parameter with its facts, in one line. */
export function helpOf(param: NamedInput, oneDefault = true): string {
  return [param.description.replace(/\.$/, ""), factsOf(param, oneDefault)].filter(Boolean).join(" · ");
}
