/** Names for the generated records. The server always sends every key, so none is optional here. */
import type { components } from "./schema";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

type Complete<T> = unknown extends T
  ? Json
  : T extends readonly (infer Item)[]
    ? Complete<Item>[]
    : T extends object
      ? { [Key in keyof T]-?: Complete<T[Key]> }
      : T;

type Schemas = components["schemas"];

export type Position = Complete<Schemas["Position"]>;
export type GraphNode = Complete<Schemas["Node"]>;
export type Edge = Complete<Schemas["Edge"]>;
export type Graph = Complete<Schemas["Graph"]>;
export type GraphSummary = Complete<Schemas["GraphSummary"]>;
export type StoredGraph = Complete<Schemas["StoredGraph"]>;

export type NodeInfo = Complete<Schemas["NodeInfo"]>;
export type InputInfo = Complete<Schemas["InputInfo"]>;
export type OutputInfo = Complete<Schemas["OutputInfo"]>;
export type NodeFileProblem = Complete<Schemas["NodeFileProblem"]>;

export type Report = Complete<Schemas["Report"]>;
export type NodeReport = Complete<Schemas["NodeReport"]>;
export type Diagnostic = Complete<Schemas["Diagnostic"]>;

export type DatasetRecord = Complete<Schemas["DatasetRecord"]>;
export type Column = Complete<Schemas["Column"]>;

export type ErrorInfo = Pick<Schemas["ErrorInfo"], "code" | "message"> & Partial<Complete<Schemas["ErrorInfo"]>>;
