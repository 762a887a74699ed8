/** @file The record of how an artifact came to be, `run.json`, and its text, which carries its own digest. */
import { digestOf, type FileEntry, type Json, sha256Schema } from '@arrowsmith/artifacts/store';
import type { MetricMeaning } from './metric.ts';
import type { ArtifactKind } from './ports.ts';

/** Provenance of an artifact. Never hashed: two identical runs differ here and nowhere else. */
export interface RunRecord {
  /** The step's name in its pipeline. */
  step: string;
  stage: string;
  /** The kinds of artifact that it is. */
  makes: readonly ArtifactKind[];
  pipeline: string;
  /** The memo key: everything that the content depends on. */
  key: string;
  /** Digest of manifest.json. */
  manifest: string;
  /** When and for how long the stage ran that computed the content. */
  startedAt: string;
  seconds: number;
  code: string;
  parameters: unknown;
  environment: Record<string, string>;
  /** Manifest digest of each artifact that was read, by the step that made it. */
  inputs: Record<string, string>;
  host: { platform: string; arch: string; cpu: string; node: string };
  metrics: Record<string, number>;
  /** What each metric is; absent in records of before they said so. */
  meanings?: Record<string, MetricMeaning>;
  highlights: Record<string, string>;
  /** Tables of what was measured while the stage ran: provenance, stored like content. */
  measured?: Record<string, FileEntry>;
}

/** The text of run.json: the record, and at its end the digest of all that stands before. */
export function recordText(run: RunRecord): string {
  return `${JSON.stringify({ ...run, sha256: checksum(run) }, null, 2)}\n`;
}

/** Over the values, as JSON keeps them: how the text is laid out does not count. */
const checksum = (run: object): string => digestOf(JSON.parse(JSON.stringify(run)) as Json);

/** Reads what {@link recordText} wrote, or says what is wrong with it. */
export function parseRecord(text: string): { run: RunRecord } | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: (error as Error).message };
  }
  if (typeof value !== 'object' || value === null || !('sha256' in value))
    return { problem: 'no record with its sha256' };
  const { sha256, ...run } = value;
  const actual = checksum(run);
  if (actual !== sha256) return { problem: `content with sha256 ${actual}, not ${String(sha256)}` };
  const { stage, step = stage, pipeline, manifest } = run as Partial<RunRecord>; // before steps had names, they were called like their stage
  const isRecord =
    typeof stage === 'string' &&
    typeof step === 'string' &&
    typeof pipeline === 'string' &&
    sha256Schema.safeParse(manifest).success;
  return isRecord ? { run: { ...(run as RunRecord), step } } : { problem: 'no stage, step, pipeline or manifest' };
}
