/** @file Adapters as artifacts have them: `adapter.arrow`, a table of weights, with the model's configuration and the adapters' in its metadata. */
import type { StoredTensor } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import {
  type AdapterConfig,
  checkAdapters,
  type DecoderConfig,
  parseDecoderConfig,
  type Weights,
} from '@arrowsmith/model';
import { openStoredWeights } from './stored-planes.ts';
import { checkStored, decodeStored, storeFloat32 } from './weight-formats.ts';

/** The adapters' tensors. */
export const ADAPTER_FILE = 'adapter.arrow';

/** Adapters, and which model they are of. */
export interface StoredAdapter {
  adapters: AdapterConfig;
  /** Of the model that they were trained beside. */
  config: DecoderConfig;
  /** Digest of its artifact; empty where that is not known. */
  base: string;
  /** `….lora_A.weight` [r, in] and `….lora_B.weight` [out, r]. */
  weights: Weights;
}

/** What the table says of itself. */
export const adapterMetadata = ({
  adapters,
  config,
  base,
}: Omit<StoredAdapter, 'weights'>): Record<'adapters' | 'config' | 'base', string> => ({
  adapters: JSON.stringify(adapters),
  config: JSON.stringify(config),
  base,
});

/** The tensors as they are stored. */
export const storeAdapter = (weights: Weights): Record<string, StoredTensor> =>
  Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [name, storeFloat32(tensor)]));

/** @throws UserError when the file is damaged, or no table of adapters */
export async function readAdapter(path: string): Promise<StoredAdapter> {
  const file = await openStoredWeights(path);
  const config = parseDecoderConfig(file.metadata['config'], path);
  const adapters = parseAdapters(file.metadata['adapters'], path);
  for (const [name, tensor] of file.tensors) checkStored(tensor, `${path}, ${name}`);
  const weights = Object.fromEntries(
    [...file.tensors].map(([name, { shape, format }]) => [
      name,
      { shape, data: decodeStored({ shape, format, bytes: file.read(name) }) },
    ]),
  );
  checkAdapters(config, adapters, weights, path);
  return { adapters, config, base: file.metadata['base'] ?? '', weights };
}

function parseAdapters(text: string | undefined, path: string): AdapterConfig {
  const parsed = parseJson(text ?? '');
  if (
    typeof parsed === 'object' &&
    parsed !== null &&
    'rank' in parsed &&
    'alpha' in parsed &&
    'projections' in parsed
  ) {
    const { rank, alpha, projections } = parsed;
    const isList = (value: unknown): value is string[] =>
      Array.isArray(value) && value.every((each) => typeof each === 'string');
    if (Number.isInteger(rank) && Number(rank) > 0 && Number.isFinite(alpha) && isList(projections))
      return { rank: Number(rank), alpha: Number(alpha), projections };
  }
  throw new UserError({
    what: 'the adapters cannot be read',
    where: path,
    expected: 'rank, alpha and projections in the metadata `adapters`',
    found: text ?? 'none',
    fix: 'run the stage that writes it again',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Refuses a model that adapters were not trained beside.
 *
 * @param model what it is called, and its artifact's digest
 * @throws UserError where it is another one
 */
export function checkBase(
  { base }: Pick<StoredAdapter, 'base'>,
  model: { step: string; digest: string },
  fix: string,
): void {
  if (base === model.digest) return;
  throw new UserError({
    what: `the adapter was trained beside another model than that of ${model.step}`,
    expected: base === '' ? 'a model that is known, and it is not said which' : `the model ${base}`,
    found: model.digest,
    fix,
  });
}
