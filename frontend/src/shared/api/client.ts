/** HTTP calls to the server, typed by its OpenAPI document. Knows no React. */
import createClient from "openapi-fetch";
import type { paths } from "./schema";
import type { ErrorInfo } from "./types";

/** The server rejected a request, with a sentence, or could not be reached (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly info: ErrorInfo;

  constructor(status: number, info: ErrorInfo) {
    super(info.message);
    this.name = "ApiError";
    this.status = status;
    this.info = info;
  }

  get hint(): string {
    return this.info.hint;
  }

  /** True where VisDL itself did not answer: it is down, or a proxy answered for it. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

const UNREACHABLE: ErrorInfo = {
  code: "unreachable",
  message: "The VisDL server does not answer.",
  hint: "Is it running? The page reconnects automatically.",
  field: null,
};

type Listener = (status: number) => void;
const listeners = new Set<Listener>();

/** Calls `listener` with the status of each answer, 0 where none came; returns how to unsubscribe. */
export function onAnswer(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function report(status: number): void {
  for (const listener of listeners) listener(status);
}

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  fetch: (request) => globalThis.fetch(request),
});

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer. Raises ApiError with the server's sentence, AbortError when aborted. */
export async function call<Data>(request: Promise<Answer<Data>>): Promise<Data> {
  return (await callWithResponse(request)).data;
}

/** As `call`, with the response, for its headers. */
export async function callWithResponse<Data>(
  request: Promise<Answer<Data>>,
): Promise<{ data: Data; response: Response }> {
  let answer: Answer<Data>;
  try {
    answer = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    report(0);
    throw new ApiError(0, UNREACHABLE);
  }
  if (answer.response.ok) {
    report(answer.response.status);
    return { data: answer.data as Data, response: answer.response };
  }
  const info = errorInfo(answer.error);
  report(info ? answer.response.status : 0);
  throw info ? new ApiError(answer.response.status, info) : new ApiError(0, UNREACHABLE);
}

function errorInfo(body: unknown): ErrorInfo | null {
  if (typeof body !== "object" || body === null || !("error" in body)) return null;
  return body.error as ErrorInfo;
}
