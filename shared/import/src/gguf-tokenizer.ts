/** @file The tokenizer in the metadata of a GGUF file, where it is llama.cpp's byte-level BPE: what export/gguf-tokenizer.ts writes, read. */
import { type BpeModel, fromTokenizerJson, toTokenizerJson } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import type { GgufFile, GgufRead } from '@arrowsmith/formats';
import { type AskedBounds, chooseTextBounds, type TextBounds } from './text-bounds.ts';

/** A tokenizer, and what its file says of texts. */
export interface ForeignTokenizer extends TextBounds {
  tokenizer: BpeModel;
  /** Of conversations. */
  chatTemplate?: { source: string; tokens: Record<string, string> };
}

type Cutting = Pick<BpeModel, 'pattern' | 'cuts' | 'ignoreMerges'>;

const DIGITS: Cutting = { pattern: 'gpt2', cuts: [{ type: 'Digits', individual_digits: true }] };

/** How llama.cpp cuts text, by what it calls it (`tokenizer_pre` in llama-vocab.cpp): of several names that are the same to it, all. */
const PRE_TOKENIZERS: ReadonlyMap<string, Cutting> = new Map([
  ...['llama3', 'llama-v3', 'llama-bpe', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2', 'jina-v5-nano'].map(
    (name) => [name, { pattern: 'llama3', ignoreMerges: true } as Cutting] as const,
  ),
  ...['smaug-bpe', 'dbrx'].map((name) => [name, { pattern: 'llama3' } as Cutting] as const),
  ...['qwen2', 'deepseek-r1-qwen', 'kormo', 'f2llmv2', 'stablelm2'].map(
    (name) => [name, { pattern: 'qwen2' } as Cutting] as const,
  ),
  ...['gpt-2', 'phi-2', 'mpt', 'olmo', 'jais', 'gigachat', 'a.x-4.0', 'mellum', 'modern-bert', 'trillion'].map(
    (name) => [name, { pattern: 'gpt2' } as Cutting] as const,
  ),
  ...['smollm', 'command-r', 'starcoder', 'refact', 'codeshell', 'exaone', 'minerva-7b'].map(
    (name) => [name, DIGITS] as const,
  ),
]);

/** llama.cpp's types of tokens. */
const [NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED] = [1, 2, 3, 4, 5];

/**
 * The tokenizer of a file: the one that gives the tokens which llama.cpp does.
 *
 * @param asked which tokens begin and end a text; by default what the file says, or llama.cpp's default for its way of cutting
 * @throws UserError for a tokenizer that is no byte-level BPE, or cuts text in a way that is not known, and for one that is damaged
 */
export function readGgufTokenizer(
  { path, metadata }: Pick<GgufFile, 'path' | 'metadata'>,
  asked: AskedBounds = {},
): ForeignTokenizer {
  const where = `${path}, its tokenizer`;
  const get = (key: string) => metadata.get(`tokenizer.ggml.${key}`);
  const cutting = cuttingOf(get('model'), get('pre'), where);
  const spellings = texts(get('tokens'), 'tokens', where);
  const types = typesOf(get('token_type'), spellings.length, where);
  const named = (key: string) => {
    const id = get(key);
    return typeof id === 'number' ? spellings[id] : undefined;
  };
  const marked = ['bos', 'eos', 'eot', 'eom', 'unknown', 'padding'].map((each) => get(`${each}_token_id`));
  for (const id of marked)
    if (typeof id === 'number' && types[id] === NORMAL && !isText(spellings[id])) types[id] = CONTROL;
  const tokenizer = fromTokenizerJson(jsonOf(cutting, spellings, types, mergesOf(get('merges'), where)), where);
  const special = new Set(tokenizer.specialTokens.map(({ content }) => content));
  const [begin, end, turn] = [named('bos_token_id'), named('eos_token_id'), named('eot_token_id')];
  const message = named('eom_token_id');
  const adds = get('add_bos_token') ?? (cutting.pattern === 'llama3' && cutting.ignoreMerges === true);
  const bounds = {
    before: adds === true && begin !== undefined && special.has(begin) ? [begin] : [],
    ends: [end, turn, message].filter((each) => each !== undefined && special.has(each)) as string[],
  };
  // Of this project's models the same token begins and ends a text. Of others the end may be one of turns, as Llama 3's is.
  const own = end !== undefined && begin === end && special.has(end) ? end : undefined;
  const said = { ...asked, endOfText: asked.endOfText ?? own };
  const template = metadata.get('tokenizer.chat_template');
  return {
    tokenizer,
    ...chooseTextBounds(tokenizer, bounds, said, path),
    ...(typeof template === 'string'
      ? {
          chatTemplate: {
            source: template,
            tokens: {
              ...(begin === undefined ? {} : { bos_token: begin }),
              ...(end === undefined ? {} : { eos_token: end }),
            },
          },
        }
      : {}),
  };
}

/** Whether a token is one that text has by itself: a letter, a byte. */
const isText = (spelling: string | undefined): boolean => spelling === undefined || !/^[<[]/.test(spelling);

function cuttingOf(model: GgufRead | undefined, pre: GgufRead | undefined, where: string): Cutting {
  const refuse = (expected: string, found: string, fix: string) =>
    new UserError({
      what: 'the tokenizer of a GGUF file is of a kind that is not supported',
      where,
      expected,
      found,
      fix,
    });
  if (model !== 'gpt2') {
    const kinds: Record<string, string> = {
      llama: 'llama, SentencePiece’s: tokens with scores, whose bytes stand beside the characters that they spell',
      t5: 't5, SentencePiece’s Unigram',
      bert: 'bert, WordPiece',
    };
    const name = String(model).slice(0, 60);
    throw refuse(
      'tokenizer.ggml.model "gpt2", byte-level BPE',
      model === undefined ? 'no tokenizer' : (kinds[name] ?? name),
      'name the tokenizer.json of the model by `tokenizer`, where it has one of byte-level BPE; or use another model',
    );
  }
  const found = PRE_TOKENIZERS.get(String(pre));
  if (found !== undefined) return found;
  throw refuse(
    `tokenizer.ggml.pre: one of ${[...PRE_TOKENIZERS.keys()].slice(0, 20).join(', ')} …`,
    pre === undefined ? 'none, as of files of before May 2024' : String(pre).slice(0, 60),
    'name the tokenizer.json of the model by `tokenizer`, which says how text is cut',
  );
}

const damaged = (expected: string, found: string, where: string): UserError =>
  new UserError({
    what: 'the tokenizer of a GGUF file is damaged',
    where,
    expected,
    found,
    fix: 'download or convert the file again',
  });

function texts(value: GgufRead | undefined, key: string, where: string): string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value as string[];
  throw damaged(`tokenizer.ggml.${key}, a list of texts`, value === undefined ? 'none' : typeof value, where);
}

/** The type of each token; all are usual ones where a file does not say it. */
function typesOf(value: GgufRead | undefined, count: number, where: string): number[] {
  if (value === undefined) return Array.from({ length: count }, () => NORMAL as number);
  if (!Array.isArray(value) || value.length !== count) {
    throw damaged(
      `tokenizer.ggml.token_type, ${count} numbers`,
      Array.isArray(value) ? `${value.length}` : typeof value,
      where,
    );
  }
  const known: readonly unknown[] = [NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED];
  const wrong = value.findIndex((each) => !known.includes(each));
  if (wrong === -1) return [...(value as readonly number[])];
  throw damaged('types from 1 to 5', `${String(value[wrong])} for token ${wrong}`, where);
}

/** As llama.cpp reads them: the first space but for the first character parts two tokens. */
function mergesOf(value: GgufRead | undefined, where: string): [left: string, right: string][] {
  return texts(value, 'merges', where).map((merge) => {
    const space = merge.indexOf(' ', 1);
    if (space === -1)
      throw damaged('merges of two tokens, with a space between', JSON.stringify(merge).slice(0, 60), where);
    return [merge.slice(0, space), merge.slice(space + 1)];
  });
}

/** The tokenizer.json of the same tokenizer, whose reader checks all that is to be checked. */
function jsonOf(
  cutting: Cutting,
  spellings: readonly string[],
  types: readonly number[],
  merges: readonly (readonly [string, string])[],
): string {
  const frame = JSON.parse(toTokenizerJson({ ...cutting, specialTokens: [], vocabulary: [], merges: [] })) as {
    added_tokens: unknown;
    model: Record<string, unknown>;
  };
  // Those that merges make are tokens of text, too, whatever else they are.
  const ordinary = new Set(merges.flatMap(([left, right]) => [left, right, left + right]));
  const added: object[] = [];
  const vocabulary: string[] = [];
  for (const [id, spelling] of spellings.entries()) {
    const type = types[id];
    if (type === UNUSED) continue;
    if (type !== NORMAL) added.push({ id, content: spelling, special: type !== USER_DEFINED, normalized: false });
    if (type === NORMAL || ordinary.has(spelling) || spelling.length === 1)
      vocabulary.push(`${JSON.stringify(spelling)}:${id}`);
  }
  // By hand: in an object, tokens that look like integers would stand first, and of two alike the last would stay.
  frame.added_tokens = added;
  frame.model['merges'] = merges;
  return JSON.stringify(frame).replace('"vocab":{}', () => `"vocab":{${vocabulary.join(',')}}`);
}
