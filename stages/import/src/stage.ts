/** @file What the stage `import` does: reads a model and its tokenizer as others wrote them, and writes them as ours are. */
import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { weightBatches, weightsTable, type StoredTensor } from '@arrowsmith/artifacts';
import { type BpeModel, toTokenizerJson } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { checkTokens, openForeignModel, type ModelSource, readForeignTokenizer } from '@arrowsmith/import';
import { type Conversations, readConversations } from '@arrowsmith/import/conversations';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { modelMetadata, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import declaration from './declaration.ts';
import { findModel, type Imported, resolveImport, TOKENIZER_FIX } from './resolve.ts';

export default implementStage(declaration, async (context) => {
  const { model, tokenizer: file, endOfText: asked } = context.parameters;
  const source = await findModel(context.root, model.path);
  const read = { endOfText: asked, where: `${context.step}.endOfText`, fix: TOKENIZER_FIX };
  const tokenizerFile = resolve(context.root, file.path);
  const found = await readForeignTokenizer(tokenizerFile, read);
  const { tokenizer, endOfText, beginOfText } = found;
  const files = await conversationsOf(source);
  const others = otherEnds(tokenizer, endOfText, found.endTokens.length > 0 ? found.endTokens : files.endTokens);
  const chatTemplate = files.chatTemplate ?? found.chatTemplate;
  const opened = await openForeignModel(source, tokenizer);
  checkTokens(opened, tokenizer, model.path, `${context.step}.tokenizer`);
  const tensors: Record<string, StoredTensor> = Object.fromEntries(
    opened.names.map((name) => [name, opened.read(name)]),
  );
  const metadata = modelMetadata(opened.config, tensors);
  await context.table(WEIGHTS_FILE, weightsTable, { config: metadata.config }, weightBatches(tensors));
  await writeFile(context.outputPath('tokenizer.json'), toTokenizerJson(tokenizer));
  if (chatTemplate !== undefined) {
    const conversations = { ...chatTemplate.tokens, chat_template: chatTemplate.source };
    await writeFile(context.outputPath('tokenizer_config.json'), `${JSON.stringify(conversations, null, 2)}\n`);
  }
  const again = { path: model.path, tokenizer: file.path, endOfText: asked };
  const now = (await resolveImport(again, context)).parameters;
  for (const [then, later] of [
    [model, now.model],
    [file, now.tokenizer],
  ] as const)
    refuseChanged(then, later);
  const tokens = tokenizer.vocabulary.length;
  const { parameters, format } = metadata;
  const stored = format === 'f32' ? '' : `, most as ${format},`;
  return {
    metadata: {
      ...metadata,
      vocabularySize: tokens,
      endOfText,
      ...(beginOfText === endOfText ? {} : { beginOfText }),
      ...(others.length === 0 ? {} : { endTokens: JSON.stringify(others) }),
    },
    metrics: { parameters: { value: parameters, unit: 'parameters', headline: true, guard: 'exact' } },
    highlights: {
      imported: `${parameters.toLocaleString('en-US')} parameters${stored} and ${tokens.toLocaleString('en-US')} tokens from ${model.path}`,
    },
  };
});

/** What the files beside a model say; of a single file nothing. */
async function conversationsOf(source: ModelSource): Promise<Conversations> {
  switch (source.format) {
    case 'arrow':
      return readConversations(dirname(source.file));
    case 'huggingface':
      return readConversations(source.folder);
    case 'gguf':
    case 'llama2c':
      return {};
  }
}

/** Of the tokens that end a text, those that the tokenizer has, but the one that ends documents. */
function otherEnds({ specialTokens, addedTokens = [] }: BpeModel, endOfText: string, named: readonly string[] = []) {
  const there = new Set([...specialTokens, ...addedTokens].map(({ content }) => content));
  return [...new Set(named)].filter((content) => content !== endOfText && there.has(content));
}

/** @throws UserError where files are not what they were */
function refuseChanged(then: Imported, now: Imported): void {
  if (then.sha256 === now.sha256) return;
  throw new UserError({
    what: 'what is imported changed while the stage ran',
    where: then.path,
    expected: `sha256 ${then.sha256}`,
    found: `sha256 ${now.sha256}`,
    fix: 'run the stage again',
  });
}
