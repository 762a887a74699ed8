/** @file The weights of a Hugging Face model folder: one safetensors file, or shards with an index. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { refusePipe, UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import { LARGEST_HEADER } from './safetensors-header.ts';
import { shortened, shortList } from './shortened.ts';
import { openSafetensors, tensorSource, type TensorInfo, type TensorSource } from './read-safetensors.ts';

const WHOLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

const indexSchema = z.looseObject({ weight_map: z.custom<Record<string, unknown>>(isRecord, 'not an object') });

/**
 * Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names; the headers of all shards are read and checked.
 * @param folder what `save_pretrained` writes and the hub has
 * @throws UserError when there is neither, when the index is not valid, names a shard that is missing or a tensor that its shard does not
 *   have, when a shard has a tensor that the index does not name, and for whatever is wrong with a file
 */
export async function openWeights(folder: string): Promise<TensorSource> {
  const files = await filesOf(folder);
  if (files.includes(WHOLE)) return openSafetensors(join(folder, WHOLE));
  if (!files.includes(INDEX)) throw noWeights(folder, files);
  return openShards(folder, files);
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const found = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such folder' : (error as Error).message;
    throw new UserError(
      { what: `cannot read ${folder}`, expected: 'a model folder', found, fix: 'check the path' },
      { cause: error },
    );
  }
}

interface ShardedTensor extends TensorInfo {
  shard: TensorSource;
}

async function openShards(folder: string, files: string[]): Promise<TensorSource> {
  const index = join(folder, INDEX);
  const shardOf = await readIndex(index);
  const names = [...new Set(shardOf.values())].sort();
  const missing = names.filter((name) => !files.includes(name));
  if (missing.length > 0) {
    throw invalid(
      `${folder} lacks ${missing.length} of ${names.length} shards`,
      shortList(names),
      `no ${shortList(missing)}`,
    );
  }
  const tensors = new Map<string, ShardedTensor>();
  for (const name of names) {
    const path = join(folder, name);
    const shard = await openSafetensors(path);
    for (const [tensor, info] of shard.tensors) {
      const expected = shardOf.get(tensor);
      if (expected !== name) {
        const found = expected === undefined ? 'no such tensor' : `that it is in ${shortened(expected)}`;
        throw invalid(
          `${path} has a tensor that its index does not place there`,
          `${shortened(tensor)} in ${index}`,
          found,
        );
      }
      tensors.set(tensor, { ...info, shard });
    }
  }
  for (const [tensor, name] of shardOf) {
    if (!tensors.has(tensor)) {
      throw invalid(
        `${join(folder, name)} lacks a tensor that its index places there`,
        shortened(tensor),
        'no such tensor',
      );
    }
  }
  return tensorSource(folder, {}, tensors, (name, { shard }) => shard.read(name));
}

/** The file of each tensor. */
async function readIndex(path: string): Promise<Map<string, string>> {
  const expected = 'JSON with a weight_map from tensors to files of the same folder';
  let value: unknown;
  refusePipe(path);
  try {
    const { size } = await stat(path);
    if (size > LARGEST_HEADER) throw new RangeError(`${size} bytes, more than ${LARGEST_HEADER}`);
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw invalid(`cannot read ${path}`, expected, (error as Error).message);
  }
  const parsed = indexSchema.safeParse(value);
  if (!parsed.success) throw invalid(`${path} is not an index`, expected, JSON.stringify(value).slice(0, 80));
  const entries = Object.entries(parsed.data.weight_map);
  for (const [name, file] of entries) {
    // A path could lead out of the folder.
    if (typeof file === 'string' && file === basename(file) && file.endsWith('.safetensors')) continue;
    const found = `${shortened(JSON.stringify(file))} for ${shortened(name)}`;
    throw invalid(`${path} is not an index`, expected, found);
  }
  return new Map(entries as [string, string][]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function noWeights(folder: string, files: string[]): UserError {
  const pickled = files.filter((name) => /\.(bin|pt|pth)$/.test(name));
  const found =
    pickled.length > 0 ? `${shortList(pickled)}, whose format can run code` : shortList(files) || 'an empty folder';
  const fix =
    pickled.length > 0
      ? 'save the model again with transformers, which writes safetensors: model.save_pretrained(folder)'
      : 'check the path';
  return new UserError({ what: `${folder} has no weights`, expected: `${WHOLE} or ${INDEX}`, found, fix });
}

const invalid = (what: string, expected: string, found: string): UserError =>
  new UserError({ what, expected, found, fix: 'download or export the model again' });
