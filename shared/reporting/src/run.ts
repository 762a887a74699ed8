/** @file What a report is made of: runs as plain data. Whoever has runs (a ledger, a store of artifacts) fills these in. */

/** A value of a table. */
export type Value = number | string | boolean | null | Uint8Array;

/** A table of an artifact. */
export interface ReportTable {
  /** Name in the artifact, e.g. `log.arrow`. */
  file: string;
  /** What its rows are, e.g. `training-log`. */
  kind: string;
  metadata: Readonly<Record<string, string>>;
  columns: Readonly<Record<string, readonly Value[]>>;
}

/** A file of an artifact. */
export interface ReportFile {
  name: string;
  sha256: string;
  bytes: number;
  rows?: number | undefined;
  /** Where it lies, as an address relative to the report; absent where it is no longer there. */
  href?: string | undefined;
}

/** A step of a run, and the artifact that it made. */
export interface ReportStep {
  name: string;
  /** The kinds of artifact that it made: corpus, tokenizer, rows, model, measurements. */
  makes: readonly string[];
  /** Digest of the artifact's manifest. */
  digest: string;
  /** Where its manifest lies, as an address relative to the report; absent where it is no longer there. */
  href?: string | undefined;
  /** Digest of each input artifact's manifest, by step. */
  inputs: Readonly<Record<string, string>>;
  cached: boolean;
  startedAt: string;
  seconds: number;
  /** Digest of the step's code. */
  code: string;
  /** `AMD EPYC, linux x64, Node v20.20.0` */
  host: string;
  parameters: unknown;
  /** What else the result depends on, e.g. the backend. */
  environment: Readonly<Record<string, string>>;
  metrics: Readonly<Record<string, number>>;
  /** Of the metrics, those that one looks at first, with their units. */
  headlines: readonly { metric: string; unit?: string | undefined }[];
  /** Lines that the step says about itself, by label. */
  highlights: Readonly<Record<string, string>>;
  files: readonly ReportFile[];
  tables: readonly ReportTable[];
  /** Sentences that say which content cannot be shown, and why. */
  missing: readonly string[];
}

/** A run: steps in the order in which they depend on each other. */
export interface ReportRun {
  id: string;
  /** What the run is called beside other runs. */
  name?: string | undefined;
  notes?: string | undefined;
  pipeline: string;
  finishedAt: string;
  /** `1a2b3c4d5e6f, with changes` */
  commit?: string | undefined;
  /** Set when the run's data stand in for what was asked for. */
  substitution?: string | undefined;
  steps: readonly ReportStep[];
}

/** What to call a run. */
export const labelOf = ({ id, name }: ReportRun): string => name ?? id;
