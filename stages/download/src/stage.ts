/** @file What the stage `download` does: reads a source's documents, screens them, writes one table per split and a data card. */
import { dataCardTable, documentBatches, documentsTable } from '@arrowsmith/artifacts';
import {
  readDocuments,
  screenDocuments,
  sourceTypeOf,
  type HashSet,
  type Screening,
  type SourceProgress,
} from '@arrowsmith/corpus';
import { UserError } from '@arrowsmith/errors';
import { implementStage, type Progress, type StageContext } from '@arrowsmith/pipeline/stage';
import { cardBatch, cardHighlights, type DataCard } from './data-card.ts';
import declaration from './declaration.ts';
import type { ResolvedDownload } from './resolve.ts';

export default implementStage(declaration, async (context: StageContext<ResolvedDownload>) => {
  const { source, filter, removeDuplicates } = context.parameters;
  const { companion, keepsAll, summary } = sourceTypeOf(source);
  const removeLeaks = context.parameters.removeLeaks && keepsAll === undefined;
  const progress = sourceProgress(context);
  const invalidUtf8: DataCard['invalidUtf8'] = { replacements: 0 };
  const leftOut: DataCard['leftOut'] = { missing: 0, null: 0, empty: 0 };
  const documents = await readDocuments(source, {
    root: context.root,
    directory: context.stateDirectory,
    signal: context.signal,
    onProgress: progress.show,
    onInvalidUtf8: (place, replacements) => {
      invalidUtf8.firstPlace ??= place;
      invalidUtf8.replacements += replacements;
    },
    onLeftOut: (reason) => leftOut[reason]++,
  });

  const write = async (split: 'train' | 'validation', leaksOf?: HashSet) => {
    const screen = screenDocuments(documents[split], { filter, leaksOf, removeLeaks, removeDuplicates });
    const metadata = { split, source: JSON.stringify(summary?.(source) ?? source) };
    const count = { documents: 0, bytes: 0 };
    await context.table(`${split}.arrow`, documentsTable, metadata, documentBatches(screen.documents, count));
    const result = screen.result();
    if (companion !== undefined) {
      const { kind, metadata: about, batches } = await companion.table(source, split);
      await context.table(`${split}-${companion.name}.arrow`, kind, { split, ...about }, batches);
    }
    if (result.documents === 0) throw nothingLeft(split, result);
    return { hashes: screen.hashes, result };
  };
  // The validation split first, so that training documents can be compared with it.
  const { hashes, result: validation } = await write('validation');
  const { result: train } = await write('train', hashes);
  progress.end();

  const card: DataCard = { source, train, validation, invalidUtf8, leftOut };
  await context.table('card.arrow', dataCardTable, {}, [cardBatch(card)]);
  return {
    metadata: {
      trainDocuments: train.documents,
      trainBytes: train.bytes,
      validationDocuments: validation.documents,
      validationBytes: validation.bytes,
      leaks: train.leaks,
      ...(companion && { [companion.name]: true }),
    },
    metrics: {
      trainDocuments: { value: train.documents, unit: 'documents', guard: 'exact' },
      trainBytes: { value: train.bytes, unit: 'bytes', guard: 'exact' },
      validationDocuments: { value: validation.documents, unit: 'documents', guard: 'exact' },
      validationBytes: { value: validation.bytes, unit: 'bytes', guard: 'exact' },
    },
    highlights: cardHighlights(card, { removeLeaks, removeDuplicates }),
  };
});

function nothingLeft(split: string, { read, removed, leaks }: Screening): UserError {
  const rules = Object.entries(removed).map(([rule, count]) => `${rule} ${count}`);
  return new UserError({
    what: `no ${split} document is left`,
    found: `${read} documents, taken away by: ${[...rules, ...(leaks > 0 ? [`equal to a validation document ${leaks}`] : [])].join(', ')}`,
    fix: 'loosen download.filter, or check the source',
  });
}

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
