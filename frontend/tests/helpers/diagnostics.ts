import type { Diagnostic } from "@/shared/api/types";

/** An error with these fields; what is left out is empty. */
export function diagnostic(fields: Partial<Diagnostic> = {}): Diagnostic {
  return {
    code: "some_code",
    severity: "error",
    node: null,
    port: null,
    message: "Something is wrong.",
    hint: "",
    fix: null,
    file: null,
    line: null,
    log: [],
    count: 1,
    ...fields,
  };
}
