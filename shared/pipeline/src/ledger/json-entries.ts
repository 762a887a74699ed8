/** @file Entries of the ledger as they were before it became Arrow: one JSON file per completed pipeline. They are read, and packed with the rest. */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { asStep } from './before-steps.ts';
import { byName, type Run } from './run.ts';

const record = z.record(z.string(), z.unknown());

const entrySchema = z.object({
  format: z.literal(1),
  id: z.string(),
  pipeline: z.string(),
  finishedAt: z.iso.datetime(),
  substitution: z.string().optional(),
  stages: z.record(
    z.string(),
    z.object({
      stage: z.string(),
      cached: z.boolean(),
      key: z.string(),
      manifest: z.string(),
      code: z.string(),
      startedAt: z.string(),
      seconds: z.number(),
      parameters: z.unknown(),
      environment: z.record(z.string(), z.string()),
      inputs: z.record(z.string(), z.string()),
      host: z.object({ platform: z.string(), arch: z.string(), cpu: z.string(), node: z.string() }),
      metrics: record.transform((metrics) => byName(Object.entries(metrics as Record<string, number>))),
      highlights: z.record(z.string(), z.string()),
    }),
  ),
});

/** Reads one. What was not kept then is absent; sizes and metadata are in the manifests. @throws where it is no such entry */
export async function readJsonEntry(path: string): Promise<Run> {
  const parsed = entrySchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (!parsed.success)
    throw new Error(parsed.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('; '));
  const { format: _, stages, ...entry } = parsed.data;
  const records = Object.entries(stages).map(
    ([name, { stage: _stage, ...rest }]) => [name, asStep({ ...rest, step: name, bytes: 0, metadata: {} })] as const,
  );
  const host = records[0]?.[1].host;
  const backend = records.map(([, { environment }]) => environment['backend']).find((name) => name !== undefined);
  return {
    ...entry,
    revision: 0,
    seconds: records.reduce((sum, [, { cached, seconds }]) => sum + (cached ? 0 : seconds), 0),
    dirty: false,
    ...(backend === undefined ? {} : { backend }),
    machine: {
      host: '',
      platform: host === undefined ? '' : `${host.platform} ${host.arch}`,
      cpu: host?.cpu ?? '',
      cores: 0,
      memoryBytes: 0,
      node: host?.node ?? '',
    },
    steps: byName(records),
  };
}
