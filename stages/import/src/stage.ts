/** @file What the stage `import` does: reads a model and its tokenizer as others wrote them, and writes them as ours are. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { weightBatches, weightsTable, type StoredTensor } from '@arrowsmith/artifacts';
import { toTokenizerJson } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { checkTokens, openForeignModel, readForeignTokenizer } from '@arrowsmith/import';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { modelMetadata, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import declaration from './declaration.ts';
import { findModel, type Imported, resolveImport, TOKENIZER_FIX } from './resolve.ts';

export default implementStage(declaration, async (context) => {
  const { model, tokenizer: file, endOfText: asked } = context.parameters;
  const source = await findModel(context.root, model.path);
  const read = { endOfText: asked, where: `${context.step}.endOfText`, fix: TOKENIZER_FIX };
  const { tokenizer, endOfText, beginOfText, endTokens } = await readForeignTokenizer(
    resolve(context.root, file.path),
    read,
  );
  const opened = await openForeignModel(source, tokenizer);
  checkTokens(opened, tokenizer, model.path, `${context.step}.tokenizer`);
  const tensors: Record<string, StoredTensor> = Object.fromEntries(
    opened.names.map((name) => [name, opened.read(name)]),
  );
  const metadata = modelMetadata(opened.config, tensors);
  await context.table(WEIGHTS_FILE, weightsTable, { config: metadata.config }, weightBatches(tensors));
  await writeFile(context.outputPath('tokenizer.json'), toTokenizerJson(tokenizer));
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
      ...(endTokens.length === 0 ? {} : { endTokens: JSON.stringify(endTokens) }),
    },
    metrics: { parameters: { value: parameters, unit: 'parameters', headline: true, guard: 'exact' } },
    highlights: {
      imported: `${parameters.toLocaleString('en-US')} parameters${stored} and ${tokens.toLocaleString('en-US')} tokens from ${model.path}`,
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
