/** @file A Hugging Face folder: what `AutoModelForCausalLM` and `AutoTokenizer` of transformers load, versions 4 and 5. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toTokenizerJson } from '@arrowsmith/bpe';
import { type CheckpointType, writeHuggingFaceModel } from '@arrowsmith/formats';
import { beginOfTextId, checkVocabulary, endOfTextId, endTokenIds, type Exported, weightsOf } from './exported.ts';

/**
 * Writes config.json, model.safetensors or its shards, tokenizer.json, tokenizer_config.json, generation_config.json and, where there is a template of conversations,
 * chat_template.jinja. A text begins with the token that ends one, as in training, or with that of an imported model: the tokenizer puts it there.
 * Where a turn ends with another than a text, that is the tokenizer's `eos_token`, as templates name it, and generation stops at all of them.
 *
 * @param options.shardBytes of the weights in a file at most; 5 GB by default
 * @returns the architecture of transformers
 * @throws UserError where no architecture holds the model, or the tokenizer is not the model's
 */
export async function exportHuggingFace(
  folder: string,
  model: Exported,
  type: CheckpointType,
  { shardBytes }: { shardBytes?: number | undefined } = {},
): Promise<{ architecture: string }> {
  const { config, tokenizer, endOfText, beginOfText = endOfText, chatTemplate } = model;
  checkVocabulary(model);
  const id = endOfTextId(model);
  const others = endTokenIds(model);
  const ends = { bos_token_id: beginOfTextId(model), eos_token_id: others.length === 0 ? id : [...others, id] };
  const spelled = [...tokenizer.specialTokens, ...(tokenizer.addedTokens ?? [])];
  const written = await writeHuggingFaceModel(folder, {
    config,
    weights: weightsOf(model),
    type,
    tokens: ends,
    shardBytes,
  });
  await writeFile(join(folder, 'tokenizer.json'), toTokenizerJson(tokenizer, { begin: beginOfText }));
  const writeJson = (file: string, json: object) => writeFile(join(folder, file), `${JSON.stringify(json, null, 2)}\n`);
  await writeJson('tokenizer_config.json', {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: beginOfText,
    eos_token: spelled.find((token) => token.id === others[0])?.content ?? endOfText,
    pad_token: endOfText,
    add_bos_token: true,
    model_max_length: config.contextLength,
    clean_up_tokenization_spaces: false,
  });
  await writeJson('generation_config.json', {
    ...ends,
    pad_token_id: id,
  });
  if (chatTemplate !== undefined) await writeFile(join(folder, 'chat_template.jinja'), chatTemplate);
  return written;
}
