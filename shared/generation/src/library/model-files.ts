/** @file Where a model is: the files of a folder, or one file, which a stage, a person, Hugging Face's transformers or llama.cpp wrote. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readJsonObject, UserError } from '@arrowsmith/errors';
import { readConversations } from '@arrowsmith/import/conversations';
import { type ModelSource, recognizeModel, tokenizerFileOf } from '@arrowsmith/import/recognize';
import { readForeignTokenizer } from '@arrowsmith/import/tokenizer';
import type { ChatTemplateSource } from '../text/index.ts';
import { firstOtherToken } from './other-tokens.ts';

/** A model that was found, and not read. */
export interface ModelFiles {
  /** Who it is, for people. */
  name: string;
  /** Its weights, in any format. */
  weights: ModelSource;
  /** Its tokenizer.json, or the GGUF file that has one within it. */
  tokenizer: string;
  /** What the token is written as that ends documents; absent: what the tokenizer's files say, or its usual one. */
  endOfText?: string | undefined;
  /** What the token is written as that texts stand behind; absent: what the tokenizer's files say, or that which ends documents. */
  beginOfText?: string | undefined;
  /** What other tokens that end a text are written as. */
  endTokens?: readonly string[] | undefined;
  /** How conversations are written. */
  chatTemplate?: ChatTemplateSource | undefined;
}

/**
 * The model in a folder with weights.arrow (an artifact, or a copy of it), or config.json and safetensors, and tokenizer.json; or in a file of GGUF or of
 * llama2.c, or a folder that has one. The tokenizer of an artifact is that of the steps before it.
 *
 * @param tokenizer another tokenizer.json
 * @throws UserError where there is none, and for another tokenizer than an artifact was made with
 */
export async function findInFolder(folder: string, tokenizer?: string): Promise<ModelFiles> {
  const weights = await recognizeModel(resolve(folder), PROBLEM);
  const named = tokenizer === undefined ? undefined : { tokenizer: resolve(tokenizer) };
  switch (weights.format) {
    case 'arrow': {
      const path = dirname(weights.file);
      if (named !== undefined) await refuseOtherTokenizer(path, named.tokenizer);
      return { name: folder, weights, ...(await readConversations(path)), ...(named ?? (await tokenizerOf(path))) };
    }
    case 'huggingface':
      return {
        name: folder,
        weights,
        ...(named ?? { tokenizer: tokenizerFileOf(weights) }),
        ...(await readConversations(weights.folder)),
      };
    case 'gguf':
    case 'llama2c':
      return { name: folder, weights, ...(named ?? { tokenizer: tokenizerFileOf(weights) }) };
  }
}

/** What an error says where there is no model. */
const PROBLEM = {
  what: 'there is no model',
  fix: 'name another folder or file, or a run; an artifact of a model is artifacts/<pipeline>/<step>',
};

/** The tokenizer in a folder, or, of an artifact, in the nearest before it. @throws UserError where there is none */
async function tokenizerOf(folder: string): Promise<Pick<ModelFiles, 'tokenizer' | keyof ArtifactBounds>> {
  const seen = new Set<string>();
  for (let level = [folder]; level.length > 0; level = (await Promise.all(level.map(inputsOf))).flat()) {
    level = level.filter((each) => !seen.has(each));
    for (const each of level) {
      seen.add(each);
      const tokenizer = join(each, 'tokenizer.json');
      if (existsSync(tokenizer)) return { tokenizer, ...(await boundsOf(each)) };
    }
  }
  throw new UserError({
    what: 'the model has no tokenizer',
    where: folder,
    expected: 'tokenizer.json beside the weights, or in the artifacts that the model was made of',
    found: 'none',
    fix: 'put it there, or name another by `tokenizer`',
  });
}

/** @throws UserError where an artifact knows its tokenizer, and the named one has other tokens */
async function refuseOtherTokenizer(folder: string, named: string): Promise<void> {
  const own = await tokenizerOf(folder).catch(() => undefined); // it does not know it, or what lies there is of another run
  if (own === undefined) return;
  const [made, asked] = await Promise.all([own.tokenizer, named].map((file) => readForeignTokenizer(file)));
  const found = firstOtherToken(made!.tokenizer, asked!.tokenizer);
  if (found === undefined) return;
  throw new UserError({
    what: 'the model was made with another tokenizer',
    where: named,
    expected: `the tokens of ${own.tokenizer}, whose token ${found.id} is ${found.one}`,
    found: `one whose token ${found.id} is ${found.other}`,
    fix: 'leave `tokenizer` out: the model has its own',
  });
}

/** What run.json of an artifact tells, as far as it is needed here. */
interface Provenance {
  manifest?: string;
  inputs?: Record<string, string>;
}

/**
 * The artifacts that one was made of, which lie beside it.
 *
 * @throws UserError where what lies there is of another run
 */
async function inputsOf(artifact: string): Promise<string[]> {
  const { inputs = {} } = (await readJson<Provenance>(join(artifact, 'run.json'))) ?? {};
  const found: string[] = [];
  for (const [step, manifest] of Object.entries(inputs)) {
    const folder = join(artifact, '..', step);
    const provenance = await readJson<Provenance>(join(folder, 'run.json'));
    if (provenance === undefined) continue;
    if (provenance.manifest !== manifest) throw ofAnotherRun(artifact, folder);
    found.push(folder);
  }
  return found;
}

/** What an artifact with a tokenizer says of texts. */
type ArtifactBounds = Pick<ModelFiles, 'endOfText' | 'beginOfText' | 'endTokens'>;

const textsOf = (json: string): string[] => JSON.parse(json) as string[];

async function boundsOf(artifact: string): Promise<ArtifactBounds> {
  const manifest = await readJson<{ metadata?: Record<string, string> }>(join(artifact, 'manifest.json'));
  const { endOfText, beginOfText, endTokens } = manifest?.metadata ?? {};
  return { endOfText, beginOfText, ...(endTokens === undefined ? {} : { endTokens: textsOf(endTokens) }) };
}

/** What an artifact says of itself; undefined where there is no such file. @throws UserError for one that is no JSON object */
async function readJson<T>(path: string): Promise<T | undefined> {
  if (!existsSync(path)) return undefined;
  return (await readJsonObject(path, {
    what: 'what an artifact says of itself cannot be read',
    expected: 'a JSON object, as runs write it',
    fix: 'run its step again, or copy the artifact anew',
  })) as T;
}

const ofAnotherRun = (artifact: string, folder: string): UserError =>
  new UserError({
    what: 'the model and what lies beside it are of different runs',
    where: artifact,
    expected: `${folder} as the model was made with it`,
    found: 'another one, which a later run put there',
    fix: 'name the run in place of the folder; npx arrowsmith runs lists them',
  });
