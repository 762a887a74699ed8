/** @file What the stage `import` does: reads a model and its tokenizer as others wrote them, and writes them as ours are. */
import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { weightBatches, weightsTable } from '@arrowsmith/artifacts';
import { chooseEndOfText, fromTokenizerJson, toTokenizerJson } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { readHuggingFaceModel } from '@arrowsmith/formats';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { modelMetadata, readModel, storeWeights, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import declaration from './declaration.ts';
import { type Imported, readImportedTokenizer, resolveImport } from './resolve.ts';

export default implementStage(declaration, async (context) => {
  const { model, tokenizer: file, endOfText: asked } = context.parameters;
  const folder = resolve(context.root, model.path);
  const isOurs = existsSync(join(folder, WEIGHTS_FILE));
  const read = isOurs
    ? await readModel(join(folder, WEIGHTS_FILE), { whole: true })
    : await readHuggingFaceModel(folder);
  const tokenizer = fromTokenizerJson((await readImportedTokenizer(context.root, file.path)).text, file.path);
  const endOfText = chooseEndOfText(tokenizer, asked, `${context.step}.endOfText`);
  const { config } = read;
  const tokens = tokenizer.vocabulary.length;
  if (tokens > config.vocabularySize) {
    throw new UserError({
      what: 'the model does not have an embedding for every token',
      where: model.path,
      expected: `a tokenizer of at most ${config.vocabularySize} tokens`,
      found: `${tokens} tokens in ${file.path}`,
      fix: `name the tokenizer.json that belongs to the model by ${context.step}.tokenizer`,
    });
  }
  const tensors = storeWeights(read.weights);
  const metadata = modelMetadata(config, tensors);
  await context.table(WEIGHTS_FILE, weightsTable, { config: metadata.config }, weightBatches(tensors));
  await writeFile(context.outputPath('tokenizer.json'), toTokenizerJson(tokenizer));
  const now = (await resolveImport({ path: model.path, tokenizer: file.path, endOfText: asked }, context)).parameters;
  for (const [then, later] of [
    [model, now.model],
    [file, now.tokenizer],
  ] as const)
    refuseChanged(then, later);
  return {
    metadata: { ...metadata, vocabularySize: tokens, endOfText },
    metrics: { parameters: { value: metadata.parameters, unit: 'parameters', headline: true, guard: 'exact' } },
    highlights: {
      imported: `${metadata.parameters.toLocaleString('en-US')} parameters and ${tokens.toLocaleString('en-US')} tokens from ${model.path}`,
    },
  };
});

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
