/** @file What the difference of two artifacts says, as plain data. */

export interface ArtifactDiff {
  /** How the two were asked for. */
  a: string;
  b: string;
  files: FileDiff[];
}

export interface FileDiff {
  file: string;
  /** Only one artifact has it. */
  only?: 'a' | 'b';
  /** Byte for byte. */
  same: boolean;
  bytes: { a: number | null; b: number | null };
  /** Of Arrow tables. */
  table?: TableDiff;
}

export interface TableDiff {
  kind: string;
  schema: SchemaDiff;
  rows: RowsDiff;
  /** Of tables of weights. */
  tensors?: TensorDiff[];
  /** Of tokenizers. */
  merges?: MergesDiff;
}

/** Columns and metadata that are not the same; null where there is none. */
export interface SchemaDiff {
  columns: { name: string; a: string | null; b: string | null }[];
  metadata: { key: string; a: string | null; b: string | null }[];
}

/** Rows as a multiset: a row that moved is neither added nor removed. Columns that only count rows are left out. */
export interface RowsDiff {
  a: number;
  b: number;
  /** In b and not in a. */
  added: number;
  removed: number;
  /** All rows are the same, in another order. */
  reordered: boolean;
  /** The first few, as JSON. */
  examples: { added: string[]; removed: string[] };
}

/** How far b's tensor is from a's. Null where only one has it, or their shapes differ. */
export interface TensorDiff {
  name: string;
  shapes: { a: number[] | null; b: number[] | null };
  /** ‖b − a‖ / ‖a‖ */
  relative: number | null;
  /** max |b − a| */
  maximum: number | null;
  /** a · b / (‖a‖ ‖b‖) */
  cosine: number | null;
}

/** Merges as pairs of texts, whatever the ids. */
export interface MergesDiff {
  a: number;
  b: number;
  added: string[];
  removed: string[];
  /** Rank of the first merge that is not the same in both; null where they are the same. */
  firstDifference: { rank: number; a: string | null; b: string | null } | null;
}
