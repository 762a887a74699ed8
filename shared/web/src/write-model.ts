/** @file The files of a model in a web folder: its description, its tokenizer, its weights. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toTokenizerJson, type BpeModel } from '@arrowsmith/bpe';
import { writeSafetensors } from '@arrowsmith/formats';
import { storableParameters, type DecoderConfig } from '@arrowsmith/model';
import { decodeStored, storeAs } from '@arrowsmith/quantization';
import { dtypeOfFormat, FILES, type Description } from './files.ts';

/** A tensor as it is stored: what its bytes are is its format's name. */
interface StoredTensor {
  shape: readonly number[];
  format: string;
  bytes: Uint8Array;
}

/** A model as it is stored, and its tokenizer. */
export interface WebSource {
  config: DecoderConfig;
  /** The names of all parameters. */
  names: readonly string[];
  read(name: string): StoredTensor;
  tokenizer: BpeModel;
  /** The special token that ends a text, and its id. */
  endOfText: { content: string; id: number };
  /** The one that a text stands behind; by default that which ends one. */
  beginOfText?: { content: string; id: number };
  /** Ids of others that end a text. */
  endTokens?: readonly number[];
}

/**
 * Writes config.json, tokenizer.json and model.safetensors, in which a weight is of the type of its format where safetensors has that, and bytes elsewhere.
 *
 * @param options.precision of matrices; undefined: as they are stored, without computing any anew
 * @returns the format of most bytes, and how many tensors have which
 * @throws UserError for weights that the asked format has no numbers for
 */
export async function writeModelFiles(
  folder: string,
  { config, names, read, tokenizer, endOfText, beginOfText = endOfText, endTokens = [] }: WebSource,
  { name, precision }: { name: string; precision: string | undefined },
): Promise<{ precision: string; formats: ReadonlyMap<string, number> }> {
  const storable = storableParameters(config);
  const stored = names.map((each) => [each, storable.has(each) ? inFormat(each, read(each), precision) : read(each)]);
  const tensors = Object.fromEntries(stored) as Record<string, StoredTensor>;
  const most = formatOfMostBytes(Object.values(tensors));
  const counts = new Map<string, number>();
  for (const { format } of Object.values(tensors)) counts.set(format, (counts.get(format) ?? 0) + 1);
  const files = Object.entries(tensors).map(([each, { shape, format, bytes }]) => {
    const dtype = dtypeOfFormat(format);
    return [each, { dtype, shape: dtype === 'U8' ? [bytes.length] : [...shape], bytes }];
  });
  const others = Object.entries(tensors).filter(([, { format }]) => dtypeOfFormat(format) === 'U8');
  const description: Description = {
    name,
    precision: most,
    endOfText: endOfText.id,
    ...(beginOfText.id === endOfText.id ? {} : { beginOfText: beginOfText.id }),
    ...(endTokens.length === 0 ? {} : { endTokens: [...endTokens] }),
    decoder: { ...config },
    formats: Object.fromEntries(others.map(([each, { format }]) => [each, format])),
  };
  await writeFile(join(folder, FILES.config), `${JSON.stringify(description, null, 1)}\n`);
  await writeFile(join(folder, FILES.tokenizer), toTokenizerJson(tokenizer, { begin: beginOfText.content }));
  await writeSafetensors(join(folder, FILES.weights), Object.fromEntries(files));
  return { precision: most, formats: counts };
}

function inFormat(name: string, tensor: StoredTensor, format: string | undefined): StoredTensor {
  if (format === undefined || format === tensor.format) return tensor;
  return storeAs(format, { shape: tensor.shape, data: decodeStored({ ...tensor, shape: [...tensor.shape] }) }, name);
}

function formatOfMostBytes(tensors: readonly StoredTensor[]): string {
  const bytesOf = new Map<string, number>();
  for (const { format, bytes } of tensors) bytesOf.set(format, (bytesOf.get(format) ?? 0) + bytes.length);
  const [[format] = ['f32']] = [...bytesOf].sort(([, a], [, b]) => b - a);
  return format;
}
