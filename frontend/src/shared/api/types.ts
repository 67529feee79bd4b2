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
export type Group = Complete<Schemas["Group"]>;
export type Note = Complete<Schemas["CanvasNote"]>;
/** A block's definition: a subgraph with ports and parameters of its own. */
export type Block = Complete<Schemas["Block"]>;
export type PortRef = Complete<Schemas["PortRef"]>;
export type BlockRecord = Complete<Schemas["BlockRecord"]>;
export type GraphSummary = Complete<Schemas["GraphSummary"]>;
export type Starter = Complete<Schemas["Starter"]>;
export type StoredGraph = Complete<Schemas["StoredGraph"]>;
export type GraphVersion = Complete<Schemas["GraphVersion"]>;

export type NodeInfo = Complete<Schemas["NodeInfo"]>;
export type InputInfo = Complete<Schemas["InputInfo"]>;
export type OutputInfo = Complete<Schemas["OutputInfo"]>;
export type UnavailableNode = Complete<Schemas["UnavailableNode"]>;

export type Report = Complete<Schemas["Report"]>;
export type NodeReport = Complete<Schemas["NodeReport"]>;
export type Totals = Complete<Schemas["Totals"]>;
export type Diagnostic = Complete<Schemas["Diagnostic"]>;
export type Fix = Complete<Schemas["Fix"]>;

export type DatasetRecord = Complete<Schemas["DatasetRecord"]>;
export type Column = Complete<Schemas["Column"]>;

export type ErrorInfo = Pick<Schemas["ErrorInfo"], "code" | "message"> &
  Partial<Complete<Schemas["ErrorInfo"]>>;

export type Run = Complete<Schemas["Run"]>;
export type RunState = Schemas["RunState"];
export type Study = Complete<Schemas["Study"]>;
export type StudyState = Schemas["StudyState"];
/** What is asked for: what is left out has its default. */
export type NewStudy = Schemas["NewStudy"];
export type StudyPreview = Complete<Schemas["StudyPreview"]>;
export type StudyVariant = Complete<Schemas["Variant"]>;
export type StudyResults = Complete<Schemas["StudyResults"]>;
export type StudyArm = Complete<Schemas["Arm"]>;
export type StudyRow = Complete<Schemas["VariantResult"]>;
export type StudyCell = Complete<Schemas["Cell"]>;
export type StudyCurves = Complete<Schemas["StudyCurves"]>;
export type StudyPatch = Schemas["StudyPatch"];
export type StrategyInfo = Schemas["StrategyInfo"];
export type RunQueue = Complete<Schemas["RunQueue"]>;
export type Facet = Complete<Schemas["Facet"]>;
export type RunFacets = Complete<Schemas["RunFacets"]>;
export type Artifact = Complete<Schemas["Artifact"]>;
export type SystemStats = Complete<Schemas["SystemStats"]>;
export type StorageKind = Schemas["KindUsage"]["kind"];
export type StorageReport = Complete<Schemas["StorageReport"]>;
export type RunUsage = Complete<Schemas["RunUsage"]>;
export type CleanRequest = Complete<Schemas["CleanRequest"]>;
export type CleanReport = Complete<Schemas["CleanReport"]>;
export type GpuStats = Complete<Schemas["GpuStats"]>;
export type DatasetPreview = Complete<Schemas["DatasetPreview"]>;
export type Histogram = Complete<Schemas["Histogram"]>;

/** [optimizer step, epochs finished, value]; null for a value that is not finite. */
export type Point = [number, number, number | null];

interface EventBase {
  run: string;
  seq: number;
  time: number;
  cursor: number | null;
}

/** What happens in a run; the server's tagged union. */
export type RunEvent = EventBase &
  (
    | { type: "state"; state: RunState; error: Run["error"] }
    | { type: "progress"; progress: Run["progress"] }
    | { type: "metrics"; series: Record<string, Point[]>; summary: Run["metrics"] }
    | {
        type: "node";
        node: string;
        status: "started" | "ended" | "failed";
        seconds: number | null;
        message: string;
      }
    | { type: "checkpoint"; name: string; epoch: number; step: number; reason: string }
    | { type: "log"; level: "info" | "warning" | "error"; message: string; node: string | null }
    | { type: "artifact"; name: string; bytes: number; media_type: string }
  );

/** What the Evaluator leaves for the results page. */
export type Predictions =
  | { task: "regression"; targets: string[]; true: number[][]; predicted: number[][]; rows: number }
  | {
      task: "classification";
      classes: string[];
      /** Rows: the true class. */
      confusion: number[][];
      mistakes: { row: number; true: string; predicted: string; confidence: number }[];
      rows: number;
    };
