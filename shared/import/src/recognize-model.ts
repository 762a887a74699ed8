/** @file In which format a model is, by what its files contain: their names are only looked at within a folder. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { WEIGHTS_FILE } from '@arrowsmith/quantization/model-files';

/** A model that was found, and not read. */
export type ModelSource =
  /** As this project's stages write one. */
  | { format: 'arrow'; file: string }
  /** A folder with config.json and safetensors. */
  | { format: 'huggingface'; folder: string }
  | { format: 'gguf'; file: string }
  | { format: 'llama2c'; file: string };

/** What is looked for, for errors. */
const EXPECTED = `a folder with config.json and model.safetensors (or its shards), or with ${WEIGHTS_FILE}; or a file of GGUF or of llama2.c`;

/** Where the tokenizer of llama2.c is, beside its model. */
export const LLAMA2C_TOKENIZER = 'tokenizer.bin';

/** Files of Hugging Face beside tokenizer.json, which say what begins and ends a text. */
export const BESIDE_TOKENIZER = ['tokenizer_config.json', 'generation_config.json', 'config.json'] as const;

/** What an error says besides what was found. */
export interface ModelProblem {
  what: string;
  fix: string;
}

const PROBLEM: ModelProblem = {
  what: 'the model cannot be read',
  fix: 'name another folder or file; an artifact of a model is artifacts/<pipeline>/<step>',
};

/**
 * Finds the model in a folder, or in a file.
 *
 * @param path absolute
 * @throws UserError where there is none, or several; it names what is there
 */
export async function recognizeModel(path: string, problem: ModelProblem = PROBLEM): Promise<ModelSource> {
  const wrong = (found: string, { fix = problem.fix, cause }: { fix?: string | undefined; cause?: unknown } = {}) =>
    new UserError({ what: problem.what, where: path, expected: EXPECTED, found, fix }, { cause });
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return await inFolder(path, wrong);
    if (stats.isFile()) return await inFile(path, wrong);
    throw wrong('a pipe or a device');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (cause instanceof UserError || code === undefined) throw cause;
    throw wrong(code === 'ENOENT' ? 'no such folder or file' : message, { cause });
  }
}

/** Whether a name in a folder is that of a file, not of a link to nowhere, or of a pipe. */
const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

type Wrong = (found: string, options?: { fix?: string | undefined; cause?: unknown }) => UserError;

async function inFolder(folder: string, wrong: Wrong): Promise<ModelSource> {
  const files = readdirSync(folder).sort();
  if (files.includes(WEIGHTS_FILE)) return { format: 'arrow', file: join(folder, WEIGHTS_FILE) };
  if (files.includes('config.json') && files.some((file) => file.endsWith('.safetensors'))) {
    return { format: 'huggingface', folder };
  }
  const single = files.filter(
    (file) => /\.(gguf|bin)$/.test(file) && file !== LLAMA2C_TOKENIZER && isFile(join(folder, file)),
  );
  const found: ModelSource[] = [];
  for (const file of single) {
    const source = await foreignFile(join(folder, file));
    if (source !== undefined) found.push(source);
  }
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined) throw wrong(`several: ${single.slice(0, 8).join(', ')}`, { fix: 'name one of the files' });
  // Of what people take for a model, what it is.
  const other = files.find((file) => /\.(gguf|bin|pt|pth|safetensors)$/.test(file) && isFile(join(folder, file)));
  if (other !== undefined) {
    const { found: what, fix } = describe(firstBytes(join(folder, other)));
    throw wrong(`${other}: ${what}`, { fix });
  }
  throw wrong(files.length === 0 ? 'an empty folder' : files.slice(0, 8).join(', '));
}

async function inFile(path: string, wrong: Wrong): Promise<ModelSource> {
  const source = await foreignFile(path);
  if (source !== undefined) return source;
  const beginning = firstBytes(path);
  if (startsWith(beginning, 'ARROW1')) {
    if (basename(path) === WEIGHTS_FILE) return { format: 'arrow', file: path };
    throw wrong('an Arrow file of another name', { fix: `name the folder that has ${WEIGHTS_FILE}` });
  }
  if (isSafetensors(beginning) && existsSync(join(dirname(path), 'config.json'))) {
    return { format: 'huggingface', folder: dirname(path) };
  }
  const { found, fix } = describe(beginning);
  throw wrong(found, { fix });
}

/** A model in a file of its own; undefined where the file is none. */
async function foreignFile(file: string): Promise<ModelSource | undefined> {
  if (startsWith(firstBytes(file), 'GGUF')) return { format: 'gguf', file };
  const { isLlama2c } = await import('@arrowsmith/formats');
  return isLlama2c(file) ? { format: 'llama2c', file } : undefined;
}

/** The first bytes of a file; fewer where it is shorter. */
export function firstBytes(file: string, count = 64): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, count, 0));
  } finally {
    closeSync(descriptor);
  }
}

const startsWith = (bytes: Buffer, text: string): boolean => bytes.toString('latin1', 0, text.length) === text;

/** The length of a header, and the JSON that it is. */
const isSafetensors = (bytes: Buffer): boolean => bytes.length > 9 && bytes[8] === 0x7b && bytes.readUInt16LE(6) === 0;

/** What other files are that people take for models. */
function describe(bytes: Buffer): { found: string; fix?: string } {
  if (bytes.length === 0) return { found: 'an empty file' };
  const fix = 'save the model again with transformers, which writes safetensors: model.save_pretrained(folder)';
  if (startsWith(bytes, 'PK'))
    return { found: 'a ZIP file, as PyTorch’s checkpoints are, whose format can run code', fix };
  if (bytes[0] === 0x80 && (bytes[1] ?? 9) <= 5) return { found: 'a pickle, whose format can run code', fix };
  if (startsWith(bytes, 'version https://git-lfs')) {
    return { found: 'a pointer of Git LFS in place of the file', fix: 'fetch it: git lfs pull' };
  }
  if (isSafetensors(bytes)) {
    return { found: 'safetensors without a config.json beside it', fix: 'put the config.json of the model there' };
  }
  if (startsWith(bytes, 'ggml') || startsWith(bytes, 'lmgg') || startsWith(bytes, 'tjgg')) {
    return { found: 'a file of ggml from before GGUF', fix: 'convert the model anew with a llama.cpp of today' };
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return { found: 'a gzip file', fix: 'unpack it' };
  const text = bytes.toString('latin1', 0, 16);
  return { found: `a file that begins with ${JSON.stringify(text)}, which is none of these` };
}

/** Whether a file begins as GGUF files do; one that is not there does not. */
export function isGguf(file: string): boolean {
  try {
    return isFile(file) && firstBytes(file, 4).toString('latin1') === 'GGUF';
  } catch {
    return false; // whoever reads it says why
  }
}

/** Where the tokenizer of a model is, if nobody names another: beside it, or within it. @throws UserError for llama2.c without a tokenizer.json */
export function tokenizerFileOf(source: ModelSource): string {
  switch (source.format) {
    case 'gguf':
      return source.file;
    case 'huggingface':
      return join(source.folder, 'tokenizer.json');
    case 'arrow':
      return join(dirname(source.file), 'tokenizer.json');
    case 'llama2c': {
      const file = join(dirname(source.file), 'tokenizer.json');
      return existsSync(file) ? file : refuseTokenizerAlone(source.file);
    }
  }
}

/** Why a tokenizer.bin alone is not enough. @throws UserError always */
function refuseTokenizerAlone(file: string): never {
  const path = join(dirname(file), LLAMA2C_TOKENIZER);
  throw new UserError({
    what: 'a model of llama2.c needs the tokenizer.json that it was trained with',
    where: file,
    expected: 'tokenizer.json beside it, of byte-level BPE',
    found: existsSync(path)
      ? 'tokenizer.bin alone, which does not say how text is cut before tokens are merged, nor which tokens merges make'
      : 'none',
    fix: 'put it there, or name it by `tokenizer`; SentencePiece’s, as of the models that llama2.c is published with, is not supported',
  });
}
