/** @file A model that is served: its engine, its tokenizer, and what follows from these. */
import type { BpeEncoder } from '@arrowsmith/bpe';
import { type Engine, type ThinkingTags, tokenTrie } from '@arrowsmith/generation';
import { ApiError } from './api-error.ts';
import type { ChatTemplateOptions } from '@arrowsmith/inference';
import { type ChatMessage, type ChatTemplate, plainTemplate } from './chat-template.ts';
import { OutputForms } from './output-form.ts';

/** What a served model is made of. */
export interface ServedModelParts {
  /** What requests call it. */
  id: string;
  engine: Engine;
  /** Of the decoder. */
  config: { vocabularySize: number; contextLength: number };
  encoder: BpeEncoder;
  /** The token that a text stands behind. */
  beginOfText: number;
  /** By default plain turns. */
  chatTemplate?: ChatTemplate | undefined;
  /** The tokens between which it thinks; without them it has no thoughts. */
  thinkingTags?: ThinkingTags | undefined;
}

/** The tokens that a model reads, and how they are told. */
export interface Prompt {
  ids: readonly number[];
  /** As `echo` shows it. */
  text: string;
  /** Tokens at the beginning that are no part of what was asked. */
  added: number;
}

export interface ServedModel extends Required<Omit<ServedModelParts, 'thinkingTags'>> {
  readonly thinkingTags: ThinkingTags | undefined;
  /** Tokens that a text may have, prompt and continuation together. */
  readonly contextLength: number;
  /** Tokens that end a text: special ones, none of which stands for text, but for those around thoughts, and ids that the tokenizer does not have. */
  readonly ends: ReadonlySet<number>;
  /** What output may be asked to follow. */
  readonly forms: OutputForms;
}

export function servedModel(parts: ServedModelParts): ServedModel {
  const { config, encoder, chatTemplate = plainTemplate, thinkingTags } = parts;
  const ids = Array.from({ length: config.vocabularySize }, (_, id) => id);
  const isText = (id: number): boolean => id < encoder.vocabularySize && encoder.tokenByteLength(id) > 0;
  const isTag = (id: number): boolean => id === thinkingTags?.start || id === thinkingTags?.end;
  const ends = new Set(ids.filter((id) => !isText(id) && !isTag(id)));
  const bytesOf = (id: number): Uint8Array => (isText(id) ? encoder.tokenBytes(id) : new Uint8Array());
  let trie: ReturnType<typeof tokenTrie> | undefined; // takes a while for a large vocabulary
  return {
    ...parts,
    chatTemplate,
    thinkingTags,
    contextLength: parts.engine.contextLength,
    ends,
    forms: new OutputForms(() => (trie ??= tokenTrie(ids.map(bytesOf))), ends),
  };
}

/**
 * The tokens of a prompt. A text stands behind the token that documents begin with, as in training; token ids are taken as they are.
 *
 * @param param of errors
 * @throws ApiError where the context does not hold it, and for ids outside of the vocabulary
 */
export function promptOf(model: ServedModel, given: string | readonly number[], param: string): Prompt {
  const { encoder, beginOfText } = model;
  if (typeof given === 'string') {
    const ids = [beginOfText, ...encoder.encode(given)];
    return checked(model, { ids, text: given, added: 1 }, param);
  }
  const vocabularySize = Math.min(model.config.vocabularySize, encoder.vocabularySize);
  const wrong = given.findIndex((id) => id < 0 || id >= vocabularySize);
  if (wrong !== -1) {
    const message = `Invalid '${param}': token ids are from 0 to ${vocabularySize - 1}, and the one at position ${wrong} is ${given[wrong]}.`;
    throw new ApiError(400, message, { param, code: 'invalid_value' });
  }
  return checked(model, { ids: given, text: encoder.decode(given), added: 0 }, param);
}

/** The tokens of a conversation, behind which the assistant answers. @throws ApiError where the context does not hold them */
export function chatPromptOf(
  model: ServedModel,
  messages: readonly ChatMessage[],
  options: ChatTemplateOptions = {},
): Prompt {
  const { chatTemplate, encoder } = model;
  const text = chatTemplate.render(messages, options);
  if (!chatTemplate.hasSpecialTokens) return promptOf(model, text, 'messages');
  return checked(model, { ids: encoder.encode(text, { allowSpecial: true }), text, added: 0 }, 'messages');
}

function checked({ contextLength }: ServedModel, prompt: Prompt, param: string): Prompt {
  const { length } = prompt.ids;
  if (length === 0)
    throw new ApiError(400, `Invalid '${param}': there is nothing to continue.`, { param, code: 'invalid_value' });
  if (length <= contextLength) return prompt;
  const message = `This model's maximum context length is ${contextLength} tokens. However, your ${param} has ${length} tokens. Please shorten it.`;
  throw new ApiError(400, message, { param, code: 'context_length_exceeded' });
}
