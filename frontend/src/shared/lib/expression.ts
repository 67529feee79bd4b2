/** Arithmetic as it is typed into a number field: 2*64, 1e-3, (28-3)//2+1. It reads numbers and signs and nothing else. */

type Operation = (a: number, b: number) => number;

/** As Python has them: // rounds down, and what % leaves has the sign of the divisor. */
const SUMS: Record<string, Operation> = { "+": (a, b) => a + b, "-": (a, b) => a - b };
const PRODUCTS: Record<string, Operation> = {
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "%": (a, b) => a - b * Math.floor(a / b),
};
const POWERS: Record<string, Operation> = { "**": (a, b) => a ** b, "^": (a, b) => a ** b };

const TOKEN = /\s*((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|\*\*|\/\/|[-+*/%^()])\s*/iy;
/** Longer or deeper expressions are rejected. */
const LONGEST = 200;

/** The value of an expression; NaN where the text is not one. */
export function calculate(text: string): number {
  const tokens = tokensOf(text);
  return tokens ? new Reader(tokens).value() : Number.NaN;
}

function tokensOf(text: string): string[] | null {
  if (text.length > LONGEST) return null;
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let place = 0; place < text.length; place = TOKEN.lastIndex) {
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) return null;
    tokens.push(token);
  }
  return tokens;
}

/** One method for each level of precedence, the loosest first. */
class Reader {
  private readonly tokens: readonly string[];
  private place = 0;
  private broken = false;

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  value(): number {
    const value = this.sum();
    return this.broken || this.place < this.tokens.length ? Number.NaN : value;
  }

  private sum(): number {
    return this.chain(SUMS, () => this.product());
  }

  private product(): number {
    return this.chain(PRODUCTS, () => this.signed());
  }

  private chain(operations: Record<string, Operation>, part: () => number): number {
    let value = part();
    for (let apply = this.take(operations); apply; apply = this.take(operations)) {
      value = apply(value, part());
    }
    return value;
  }

  /** A sign binds looser than a power to its right and tighter than one to its left: -2**2 is -4, 2**-1 is 0.5. */
  private signed(): number {
    if (this.accept("-")) return -this.signed();
    return this.accept("+") ? this.signed() : this.power();
  }

  private power(): number {
    const base = this.atom();
    const apply = this.take(POWERS);
    return apply ? apply(base, this.signed()) : base;
  }

  private atom(): number {
    if (this.accept("(")) {
      const value = this.sum();
      this.broken ||= !this.accept(")");
      return value;
    }
    const value = Number(this.tokens[this.place++] ?? Number.NaN);
    this.broken ||= Number.isNaN(value);
    return value;
  }

  private take(operations: Record<string, Operation>): Operation | undefined {
    const apply = operations[this.tokens[this.place] ?? ""];
    if (apply) this.place++;
    return apply;
  }

  private accept(token: string): boolean {
    if (this.tokens[this.place] !== token) return false;
    this.place++;
    return true;
  }
}
