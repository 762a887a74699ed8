/** @file Checks whether the Hugging Face hub can be reached, and what pipelines do if not. */
import { type HubSource, resolveSource } from '@arrowsmith/corpus';
import { UserError } from '@arrowsmith/errors';
import { type Finding, finding } from './finding.ts';
import type { PipelineSource } from './pipelines.ts';

/** One attempt, answered within seconds: this is a look, not a download. */
export const ONE_LOOK = {
  attempts: 1,
  firstDelayMs: 0,
  maxDelayMs: 0,
  maxRetryAfterMs: 0,
  silenceMs: 4_000,
  minimumRate: 0,
  giveUpAfterMs: 4_000,
};

export interface HubOptions {
  root: string;
  env: Record<string, string | undefined>;
  fetch?: typeof fetch;
}

/** Asks for the first file of every repository that a pipeline reads, the way the download stage does. */
export async function checkHub(sources: readonly PipelineSource[], options: HubOptions): Promise<Finding[]> {
  const token = options.env['HF_TOKEN']
    ? 'HF_TOKEN is set'
    : 'HF_TOKEN is not set (only private and gated repositories need it)';
  const readers = new Map<string, HubReader[]>();
  for (const reader of sources.filter(readsHub)) {
    const key = `${reader.source.repository}@${reader.source.revision}`;
    readers.set(key, [...(readers.get(key) ?? []), reader]);
  }
  if (readers.size === 0) return [finding('ok', 'hub', 'not asked', `no pipeline reads from it; ${token}`)];
  return Promise.all([...readers.values()].map((pipelines) => checkRepository(pipelines, token, options)));
}

interface HubReader extends PipelineSource {
  source: HubSource;
}

const readsHub = (reader: PipelineSource): reader is HubReader => reader.source.type === 'hub';

async function checkRepository(readers: readonly HubReader[], token: string, options: HubOptions): Promise<Finding> {
  const { source } = readers[0]!;
  const names = readers.map(({ pipeline }) => pipeline).join(', ');
  try {
    const probed: HubSource = { ...source, whenUnreachable: 'embedded' };
    const { substitution, reason } = await resolveSource(probed, { ...options, retries: ONE_LOOK });
    if (substitution === undefined)
      return finding('ok', 'hub', source.repository, `reachable, as ${names} asks for it; ${token}`);
    return finding(
      'note',
      'hub',
      `unreachable${reason === undefined ? '' : ` (${reason})`}`,
      readers.map(consequence).join('; '),
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { what, found, fix } = error.parts;
    return finding('problem', 'hub', source.repository, [what, found, fix].filter(Boolean).join('; '));
  }
}

function consequence({ pipeline, source }: HubReader): string {
  return source.whenUnreachable === 'embedded'
    ? `${pipeline} uses the embedded corpus instead and says so`
    : `${pipeline} stops at its download, unless the store has it already (whenUnreachable: fail)`;
}
