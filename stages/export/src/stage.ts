/** @file What the stage `export` does: writes the files of the format that is asked for, and of a Hugging Face folder the model card. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromTokenizerJson } from '@arrowsmith/bpe';
import { exportModel, modelCard } from '@arrowsmith/export';
import { checkPush, pushToHub } from '@arrowsmith/export/push';
import { implementStage, type StageContext, type StageResult } from '@arrowsmith/pipeline/stage';
import { openModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import { DATA_CARD, METRICS, readFacts, readMeasured } from '@arrowsmith/runs/model-card';
import { exportPeft } from './adapter.ts';
import declaration, { type AskedExport } from './declaration.ts';
import { readTexts } from './texts.ts';

export default implementStage(declaration, async (context) => {
  const { format, precision, name, chatTemplate, shardSize, push } = context.parameters;
  if (push !== undefined) checkPush(push);
  const [source, vocabulary] = [context.input('model'), context.input('tokenizer')];
  const [adapter] = context.inputs('adapter');
  if (adapter !== undefined)
    return uploaded(context, await exportPeft(context, source, adapter), 'an adapter for PEFT');
  const tokenizerFile = await vocabulary.file('tokenizer.json');
  const model = await openModel(await source.file(WEIGHTS_FILE));
  const folder = context.outputPath('.');
  const texts = await readTexts(vocabulary);
  const exported = {
    ...model,
    tokenizer: fromTokenizerJson(await readFile(tokenizerFile, 'utf8'), tokenizerFile),
    ...texts,
    chatTemplate: chatTemplate ?? texts.chatTemplate,
  };
  const written = await exportModel(folder, exported, { format, precision, name, shardSize });
  for (const notice of written.notices ?? []) context.note(`${context.step}: ${notice}`);
  const inputs = [source, vocabulary, ...context.inputs('corpus')]; // what it was made of
  const [measurements] = context.inputs('measurements');
  const [corpus] = context.inputs('corpus');
  if (format === 'huggingface') {
    const card = modelCard({
      name: written.name,
      architecture: written.architecture,
      precision: written.precision,
      config: model.config,
      steps: source.metadata['steps'],
      tokens: exported.tokenizer.vocabulary.length,
      endOfText: exported.endOfText,
      facts: corpus?.has(DATA_CARD) === true ? await readFacts(await corpus.file(DATA_CARD)) : [],
      measured:
        measurements?.has(METRICS) === true ? await readMeasured(await measurements.file(METRICS), source.step) : [],
      provenance: inputs.map(({ step, digest }) => ({ step, digest })),
    });
    await writeFile(join(folder, 'README.md'), card);
  }
  const files = (await readdir(folder)).sort();
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const result: StageResult = {
    metadata: {
      format,
      precision: written.precision,
      architecture: written.architecture,
      from: source.digest,
      tokenizer: vocabulary.digest,
    },
    metrics: { bytes: { value: bytes, unit: 'bytes', better: 'lower' } },
    highlights: {
      exported: `${written.name} as ${written.architecture}, ${written.precision}, ${(bytes / 1e6).toFixed(2)} MB: ${files.join(', ')}`,
      ...(written.mixed === undefined ? {} : { formats: written.mixed }),
    },
  };
  return uploaded(context, result, `${written.name}: ${written.architecture}, ${written.precision}`);
});

/** Uploads the files, where that is asked for, before they are an artifact: one that is there was uploaded. @throws UserError where the hub has none of them then */
async function uploaded(context: StageContext<AskedExport>, result: StageResult, title: string): Promise<StageResult> {
  const { push: repository, overwrite, private: isPrivate } = context.parameters;
  if (repository === undefined) return result;
  const bar = context.progress(`upload ${repository}`, { total: 100, unit: '%' });
  const pushed = await pushToHub({
    folder: context.outputPath('.'),
    repository,
    overwrite,
    isPrivate,
    title,
    signal: context.signal,
    onProgress: (share) => bar.update(Math.floor(100 * share)),
  });
  bar.end();
  const highlights = { ...result.highlights, uploaded: `${pushed.url}, commit ${pushed.commit.slice(0, 12)}` };
  return { ...result, highlights };
}
