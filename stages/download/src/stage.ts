/** @file What the stage `download` does: reads a source's documents and writes them as one table per split. */
import { documentBatches, documentsTable, type DocumentCount } from '@arrowsmith/artifacts';
import { readDocuments, type SourceProgress } from '@arrowsmith/corpus';
import { implementStage, type Progress, type StageContext } from '@arrowsmith/pipeline/stage';
import declaration from './declaration.ts';
import { describeSource } from './describe-source.ts';
import type { ResolvedDownload } from './resolve.ts';

export default implementStage(declaration, async (context: StageContext<ResolvedDownload>) => {
  const { source } = context.parameters;
  const progress = sourceProgress(context);
  const documents = await readDocuments(source, {
    root: context.root,
    directory: context.stateDirectory,
    signal: context.signal,
    onProgress: progress.show,
  });
  const counts: Record<string, DocumentCount> = {};
  for (const split of ['train', 'validation'] as const) {
    const count = (counts[split] = { documents: 0, bytes: 0 });
    const metadata = { split, source: JSON.stringify(source) };
    await context.table(`${split}.arrow`, documentsTable, metadata, documentBatches(documents[split], count));
  }
  progress.end();

  const { train, validation } = counts as { train: DocumentCount; validation: DocumentCount };
  return {
    metadata: {
      trainDocuments: train.documents,
      trainBytes: train.bytes,
      validationDocuments: validation.documents,
      validationBytes: validation.bytes,
    },
    metrics: { trainBytes: train.bytes, validationBytes: validation.bytes },
    highlights: {
      data: describeSource(source),
      documents: `${describeCount(train)} for training, ${describeCount(validation)} for validation`,
    },
  };
});

const describeCount = ({ documents, bytes }: DocumentCount): string =>
  `${documents.toLocaleString('en-US')} (${(bytes / 1e6).toFixed(2)} MB)`;

/** One progress bar after the other, as the source goes from file to file. */
function sourceProgress({ progress }: Pick<StageContext<unknown>, 'progress'>) {
  let shown: { name: string; bar: Progress } | undefined;
  const end = () => {
    shown?.bar.end();
    shown = undefined;
  };
  const show = ({ activity, name, done, total, unit }: SourceProgress) => {
    const label = `${activity} ${name}`;
    if (shown?.name !== label) {
      end();
      shown = { name: label, bar: progress(label, { total, unit }) };
    }
    shown.bar.update(done);
  };
  return { show, end };
}
