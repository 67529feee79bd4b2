/** Numbers, and values of several parts such as the kernel size of a convolution, as they are typed. */
import type { Json } from "@/api/types";
import { type NamedInput, valueText } from "./catalogue";

const THOUSANDS = /^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/;
const DECIMAL_COMMA = /^[^.,]*,\d+$/;

/**
 * A number as people type it: "1e-3", "0,5", "1 000" and "1,000" count; NaN where it is none.
 * A comma before three digits parts thousands, as it does where the page shows numbers; else it is a decimal one.
 */
export function parseNumber(text: string): number {
  const plain = text.trim().replace(/[\s_]/g, "").replace("−", "-");
  if (THOUSANDS.test(plain)) return Number(plain.replaceAll(",", ""));
  const dotted = DECIMAL_COMMA.test(plain) ? plain.replace(",", ".") : plain;
  return dotted === "" ? Number.NaN : Number(dotted);
}

/** Whether one text field suits a parameter: a list, or a number or word, where others get a control for each part. */
export function isTyped({ many, length, single, words }: NamedInput): boolean {
  return words.length > 0 || (many && (single || length === null || length > 3));
}

/** A value as it is typed: "3", "3, 1", "same"; empty for none. */
export function typedText(value: Json): string {
  return value === null || value === "" ? "" : valueText(value);
}

export type Typed = { value: Json } | { problem: string };

/** What a text means for a parameter: a word it knows, a number, or numbers parted by commas, spaces or ×. */
export function parseTyped(text: string, param: NamedInput): Typed {
  const plain = text
    .trim()
    .replace(/^[([]|[)\]]$/g, "")
    .trim();
  if (plain === "") {
    if (param.nullable) return { value: null };
    return param.many && !param.single ? { value: [] } : { problem: "It needs a value." };
  }
  const word = param.words.find((one) => one.toLowerCase() === plain.toLowerCase());
  if (word !== undefined) return { value: word };
  const numbers = plain.split(/\s*[,;×x]\s*|\s+/).filter(Boolean);
  const values = numbers.map(parseNumber);
  const wrong = numbers.find((_, place) => !Number.isFinite(values[place]));
  if (wrong !== undefined) {
    const words = param.words.map((one) => `“${one}”`).join(", ");
    return { problem: `“${wrong}” is no number${words && `, nor ${words}`}.` };
  }
  const [first] = values;
  const alone = values.length === 1 && first !== undefined && (param.single || !param.many);
  return { value: alone ? first : values };
}
