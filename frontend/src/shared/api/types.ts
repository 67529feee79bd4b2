/** Names for the records of the server's OpenAPI document. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type { Json } from "./schema";

export type Position = Schemas["Position-Output"];
export type GraphNode = Schemas["Node-Output"];
export type Edge = Schemas["Edge"];
export type Graph = Schemas["Graph-Output"];
export type Group = Schemas["Group-Output"];
export type Note = Schemas["CanvasNote-Output"];
/** A block's definition: a subgraph with ports and parameters of its own. */
export type Block = Schemas["Block-Output"];
export type PortRef = Schemas["PortRef-Output"];
export type BlockRecord = Schemas["BlockRecord"];
export type GraphSummary = Schemas["GraphSummary"];
export type Starter = Schemas["Starter"];
export type StoredGraph = Schemas["StoredGraph"];
export type GraphVersion = Schemas["GraphVersion"];

export type SessionInfo = Schemas["SessionInfo"];

export type NodeInfo = Schemas["NodeInfo"];
export type InputInfo = Schemas["InputInfo"];
export type OutputInfo = Schemas["OutputInfo"];
export type UnavailableNode = Schemas["UnavailableNode"];

export type Report = Schemas["Report"];
export type NodeReport = Schemas["NodeReport"];
export type GroupReport = Schemas["GroupReport"];
export type Totals = Schemas["Totals"];
export type Diagnostic = Schemas["Diagnostic"];
export type Fix = Schemas["Fix"];

export type DatasetRecord = Schemas["DatasetRecord"];
export type Column = Schemas["Column"];

export type ErrorInfo = Schemas["ErrorInfo"];

export type Run = Schemas["Run"];
export type MetricSummary = Schemas["MetricSummary"];
export type RunState = Schemas["RunState"];
export type Study = Schemas["Study"];
export type StudyState = Schemas["StudyState"];
/** What is asked for: what is left out has its default. */
export type NewStudy = Schemas["NewStudy"];
export type StudyPreview = Schemas["StudyPreview"];
export type StudyVariant = Schemas["Variant"];
export type StudyResults = Schemas["StudyResults"];
export type StudyArm = Schemas["Arm"];
export type StudyRow = Schemas["VariantResult"];
export type StudyCell = Schemas["Cell"];
export type StudyCurves = Schemas["StudyCurves"];
export type StudyPatch = Schemas["StudyPatch"];
export type StrategyInfo = Schemas["StrategyInfo"];
export type RunQueue = Schemas["RunQueue"];
export type Facet = Schemas["Facet"];
export type RunFacets = Schemas["RunFacets"];
export type Artifact = Schemas["Artifact"];
export type SystemStats = Schemas["SystemStats"];
export type StorageKind = Schemas["KindUsage"]["kind"];
export type StorageReport = Schemas["StorageReport"];
export type RunUsage = Schemas["RunUsage"];
export type CleanRequest = Schemas["CleanRequest"];
export type CleanReport = Schemas["CleanReport"];
export type GpuStats = Schemas["GpuStats"];
export type DatasetPreview = Schemas["DatasetPreview"];
export type Histogram = Schemas["Histogram"];

/** [optimizer step, epochs finished, value]; null for a value that is not finite. */
export type Point = Schemas["MetricsEvent"]["series"][string][number];

/** What happens in a run. */
export type RunEvent = Schemas["RunEvent"];
/** A message of the socket: an event, or that events were dropped and follow once more. */
export type TrainingMessage = Schemas["TrainingMessage"];

/** What the Evaluator leaves for the results page. */
export type Predictions =
  | { task: "regression"; targets: string[]; true: number[][]; predicted: number[][]; rows: number }
  | {
      task: "classification";
      /** Absent in results of earlier versions, which count rows from 0. */
      format?: number;
      classes: string[];
      /** Rows: the true class. Absent for several labels, which have one each. */
      confusion?: number[][];
      /** The target columns, where there are several. */
      columns?: TargetColumn[];
      mistakes: { row: number; column?: string; true: string; predicted: string; confidence: number }[];
      rows: number;
      /** Targets that the loss leaves out. */
      ignored?: number;
    };

/** How a target column was predicted; the shares are those of a 1, if it is a label. */
export interface TargetColumn {
  name: string;
  confusion: number[][];
  precision?: number | null;
  recall?: number | null;
  f1?: number | null;
}
