/**
 * @file The schema of every table that a stage writes. Each file is an Arrow IPC file whose schema metadata carries `kind`, `version`
 * and the keys named below; numbers in metadata are decimal strings.
 *
 * | table | file | one row is | metadata |
 * | --- | --- | --- | --- |
 * | documents | download: train.arrow, validation.arrow | a document | split, source (JSON; many files summed up) |
 * | pictures | download: train-pictures.arrow, validation-pictures.arrow | the picture of a document | split, width, height, channels |
 * | dataCard | download: card.arrow | a fact about the corpus | |
 * | vocabulary | tokenizer: vocabulary.arrow | a token | pattern, vocabularySize |
 * | merges | tokenizer: merges.arrow | a merge, in rank order | vocabularySize |
 * | tokens | chunk: train.arrow, validation.arrow | a context of `contextLength` predictions | contextLength, vocabularySize, split, mode; vision (JSON, with pictures) |
 * | weights | every model: weights.arrow | a weight | config (JSON, see `@arrowsmith/model`) |
 * | tensors | checkpoints of training | a tensor | |
 * | trainingLog | train: log.arrow | an optimizer step | |
 * | trainingSpeed | train: speed.arrow, measured: no part of the artifact | one or more optimizer steps | |
 * | quantizationError | quantize: error.arrow | a quantized weight | format |
 * | metrics | evaluate: metrics.arrow | a model | contextLength |
 * | samples | evaluate: samples.arrow | a generated text | |
 * | documentLosses | evaluate: documents.arrow | a document of the validation split, as one model predicts it | |
 * | positionLosses | evaluate: positions.arrow | a position in the context, as one model predicts there | |
 * | pictureMetrics | evaluate: picture-metrics.arrow | a model and the combinations that pictures show | |
 * | captions | evaluate: captions.arrow | a picture that a model captioned | |
 * | runs | the ledger, artifacts/runs/*.arrow | a completed run | |
 */
import {
  Binary,
  Bool,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  Int8,
  List,
  Struct,
  TimestampMillisecond,
  Uint16,
  Uint32,
  Uint8,
  Utf8,
} from 'apache-arrow';
import type { DataType } from 'apache-arrow';
import { type Column, recordBatch } from './columns.ts';
import { type TableMetadata, tableSchema, writeArrowFile } from './write-arrow.ts';

/** A kind of table: its name, the version of its schema, its columns. */
export interface TableKind {
  kind: string;
  version: string;
  fields: Field[];
}

const field = (name: string, type: DataType, nullable = false) => new Field(name, type, nullable);
const listOf = (type: DataType) => new List(new Field('item', type, false));

/** Documents of one split, in corpus order. */
export const documentsTable: TableKind = {
  kind: 'documents',
  version: '1',
  fields: [
    field('index', new Int32()), // position within the split
    field('text', new Utf8()),
    field('bytes', new Int32()), // of the text in UTF-8
  ],
};

/**
 * The pictures of one split's documents, in their order.
 * @param pictureBytes width · height · channels
 */
export function picturesTable(pictureBytes: number): TableKind {
  return {
    kind: 'pictures',
    version: '1',
    fields: [
      field('index', new Int32()), // of the document within the split
      field('pixels', new FixedSizeList(pictureBytes, new Field('item', new Uint8(), false))), // row by row, channels together
    ],
  };
}

/** What a corpus is made of, where it comes from and what was taken away: one fact per row. */
export const dataCardTable: TableKind = {
  kind: 'data-card',
  version: '1',
  fields: [
    field('section', new Utf8()), // origin, files, content, lengths or removed
    field('split', new Utf8()), // train, validation, or empty for both
    field('name', new Utf8()), // e.g. licence; code/a.py; characters; bytes from 512 to 1023; duplicates
    field('value', new Float64(), true), // null for what is text
    field('text', new Utf8()), // the same for people
  ],
};

/** Tokens by id. */
export const vocabularyTable: TableKind = {
  kind: 'vocabulary',
  version: '1',
  fields: [
    field('id', new Int32()),
    field('bytes', new Binary()), // what the token stands for; may be part of a UTF-8 character
    field('text', new Utf8()), // the bytes as text, with U+FFFD where they are not whole characters
    field('special', new Bool()), // end of text and the like: never produced by merging
  ],
};

/** Merges of a byte-level BPE: `left` and `right` become `token`. */
export const mergesTable: TableKind = {
  kind: 'merges',
  version: '1',
  fields: [field('rank', new Int32()), field('left', new Int32()), field('right', new Int32()), field('token', new Int32())],
};

/**
 * Token ids in rows of `contextLength` + 1: a row's first `contextLength` ids are inputs, its last `contextLength` ids are targets; the
 * prediction at position p is that of id p + 1 from the ids up to p. Over all rows every token of every document counts exactly once.
 * A document begins with the end of text that stands before it.
 * @param contextLength predictions per row
 * @param wide 32-bit ids, for vocabularies over 65,536
 * @param patchBytes of the picture that each row begins with; 0: none
 */
export function tokensTable(contextLength: number, wide: boolean, patchBytes = 0): TableKind {
  const id = wide ? new Uint32() : new Uint16();
  return {
    kind: 'tokens',
    version: '2',
    fields: [
      field('tokens', new FixedSizeList(contextLength + 1, new Field('item', id, false))), // padded with 0
      field('first', new Int32()), // first prediction that counts; those before it are context that an earlier row predicted
      field('length', new Int32()), // predictions in the row: those from `first` to here count, what follows is padding
      field('bytes', new Int32()), // raw UTF-8 bytes of the tokens that count: the denominator of bits per byte
      field('starts', listOf(new Int32())), // input positions at which documents begin, ascending; what precedes is of an earlier one
      ...(patchBytes === 0
        ? []
        : [field('patches', new FixedSizeList(patchBytes, new Field('item', new Uint8(), false)))]), // patch by patch; in each channel, row, column
    ],
  };
}

/** Float32 tensors, row-major. */
export const tensorsTable: TableKind = {
  kind: 'tensors',
  version: '1',
  fields: [field('name', new Utf8()), field('shape', listOf(new Int32())), field('values', listOf(new Float32()))],
};

/** What training did, step by step. Losses are in nats per token. */
export const trainingLogTable: TableKind = {
  kind: 'training-log',
  version: '2',
  fields: [
    field('step', new Int32()), // 1 is the first optimizer step
    field('tokens', new Float64()), // seen so far
    field('trainLoss', new Float64()),
    field('learningRate', new Float64()),
    field('gradientNorm', new Float64()), // before clipping
    field('validationLoss', new Float64(), true), // null where it was not measured
    field('granularity', new Float64(), true), // of a nested model that trains one width a step: 0 the whole, 1 the half …
    field('loadImbalance', new Float64(), true), // load of the busiest expert of any layer, relative to its layer's mean
  ],
};

/** How evenly a router's experts were used, in the batch of each step with a validation. */
export const expertLoadTable: TableKind = {
  kind: 'expert-load',
  version: '1',
  fields: [
    field('step', new Int32()),
    field('layer', new Int32()), // among the layers with experts, from 0
    field('expert', new Int32()),
    field('load', new Float64()), // share of the batch's tokens that it computed
  ],
};

/** How fast training went: intervals of optimizer steps. Steps of before a run was resumed are not among them. */
export const trainingSpeedTable: TableKind = {
  kind: 'training-speed',
  version: '1',
  fields: [
    field('step', new Int32()), // the interval's last one
    field('tokens', new Float64()), // predicted in the interval
    field('seconds', new Float64()), // that its steps took, validations between them not counted
  ],
};

/** Weights of a model, each in a format of its own (@arrowsmith/quantization, weight-formats.ts). */
export const weightsTable: TableKind = {
  kind: 'weights',
  version: '1',
  fields: [
    field('name', new Utf8()),
    field('shape', listOf(new Int32())),
    field('format', new Utf8()), // f32, int8 …: what the bytes are
    field('data', new Binary()),
  ],
};

/** Weights as they were before they had formats: matrices as int8 and one float32 scale per output channel, all else as float32. Still read. */
export const quantizedTensorsTable: TableKind = {
  kind: 'quantized-tensors',
  version: '1',
  fields: [
    field('name', new Utf8()),
    field('shape', listOf(new Int32())),
    field('format', new Utf8()), // int8 or float32
    field('int8', listOf(new Int8())),
    field('scales', listOf(new Float32())),
    field('float32', listOf(new Float32())),
  ],
};

/** How far each quantized tensor is from the original. */
export const quantizationErrorTable: TableKind = {
  kind: 'quantization-error',
  version: '1',
  fields: [
    field('name', new Utf8()),
    field('bytesBefore', new Float64()),
    field('bytesAfter', new Float64()),
    field('maximumAbsolute', new Float64()),
    field('rootMeanSquare', new Float64()),
    field('relative', new Float64()), // ‖error‖ / ‖weights‖
    field('signalToNoiseDb', new Float64()),
  ],
};

/** What a model costs and loses in several formats, by several methods: over the validation split, or some rows of it. */
export const quantizationComparisonTable: TableKind = {
  kind: 'quantization-comparison',
  version: '2',
  fields: [
    field('format', new Utf8()), // that was asked for, and what matrices have instead; the first row is the model as it was
    field('method', new Utf8()),
    field('activations', new Utf8()), // what matrices are multiplied with: f32, or int8; version 1 has f32 alone
    field('bytes', new Float64()), // of all weights
    field('bitsPerWeight', new Float64()),
    field('largestError', new Float64()), // ‖error‖ / ‖weights‖ of the tensor that has most
    field('bitsPerByte', new Float64()),
    field('perplexity', new Float64()),
    field('addedBitsPerByte', new Float64()), // to those of the first row
    field('low', new Float64()), // bounds of the 95 % interval of what is added: bootstrap over rows, in pairs
    field('high', new Float64()),
    field('onFrontier', new Bool()), // nothing that was measured is as small and loses less
  ],
};

/** How far each tensor of each model of a comparison is from the original. */
export const comparedErrorTable: TableKind = {
  kind: 'compared-error',
  version: '1',
  fields: [
    field('format', new Utf8()),
    field('method', new Utf8()),
    field('name', new Utf8()),
    field('bytes', new Float64()),
    field('relative', new Float64()), // ‖error‖ / ‖weights‖
  ],
};

/** Losses of a model over the whole validation split. */
export const metricsTable: TableKind = {
  kind: 'metrics',
  version: '1',
  fields: [
    field('model', new Utf8()), // the step that made it
    field('tokens', new Float64()), // predicted
    field('bytes', new Float64()), // raw UTF-8 bytes they stand for
    field('loss', new Float64()), // nats per token
    field('perplexity', new Float64()), // exp(loss)
    field('bitsPerByte', new Float64()), // loss · tokens / (ln 2 · bytes)
    field('weightBytes', new Float64()), // size of the stored weights
  ],
};

/** Losses over contexts longer than the model was trained with, by way of extending it. */
export const longContextTable: TableKind = {
  kind: 'long-context',
  version: '2',
  fields: [
    field('model', new Utf8()),
    field('method', new Utf8()), // none, yarn, dual-chunk
    field('factor', new Int32()), // context lengths of training
    field('part', new Int32()), // of the context, from 0: the first as long as training's, the second …
    field('tokens', new Float64()),
    field('loss', new Float64()), // nats per token
  ],
};

/** Generated texts with everything needed to generate them again. */
export const samplesTable: TableKind = {
  kind: 'samples',
  version: '1',
  fields: [
    field('model', new Utf8()),
    field('method', new Utf8()), // greedy, temperature, top-k, top-p
    field('temperature', new Float64()),
    field('topK', new Int32()),
    field('topP', new Float64()),
    field('seed', new Int32()),
    field('prompt', new Utf8()),
    field('text', new Utf8()), // prompt and continuation
    field('finished', new Bool()), // ended by itself, not by the limit
  ],
};

/** Losses by document: what two runs are compared by, document by document. */
export const documentLossesTable: TableKind = {
  kind: 'document-losses',
  version: '1',
  fields: [
    field('model', new Utf8()), // as in metrics
    field('document', new Int32()), // position within the validation split
    field('tokens', new Int32()), // predicted, the end of text among them
    field('bytes', new Int32()), // of the text in UTF-8
    field('nats', new Float64()), // sum of the tokens' negative log likelihoods
  ],
};

/** Losses by position in the context: what longer contexts are worth. */
export const positionLossesTable: TableKind = {
  kind: 'position-losses',
  version: '1',
  fields: [
    field('model', new Utf8()),
    field('position', new Int32()), // of the input; the prediction there has seen position + 1 tokens
    field('tokens', new Float64()), // predictions that count at this position
    field('nats', new Float64()), // sum of their negative log likelihoods
  ],
};

/** How well a model captions pictures, and what it makes of wrong ones and of none: whether it looks at them. */
export const pictureMetricsTable: TableKind = {
  kind: 'picture-metrics',
  version: '1',
  fields: [
    field('model', new Utf8()), // as in metrics
    field('combinations', new Utf8()), // seen; held-out: pictures with a pair of colour and shape that training never showed
    field('pictures', new Int32()), // whose captions' losses were measured
    field('tokens', new Float64()), // of their captions
    field('loss', new Float64()), // nats per token
    field('lossOfWrongPictures', new Float64()), // the same captions, each with another's picture
    field('lossWithoutPictures', new Float64()), // each with mid-grey in place of the picture
    field('captions', new Int32()), // generated greedily, of which the shares that follow are
    field('exact', new Float64()), // share of captions that are the picture's, word for word
    field('sizes', new Float64()), // share of objects named at their place with their size
    field('colours', new Float64()),
    field('shapes', new Float64()),
  ],
};

/** Captions that models generated. */
export const captionsTable: TableKind = {
  kind: 'captions',
  version: '1',
  fields: [
    field('model', new Utf8()),
    field('combinations', new Utf8()),
    field('document', new Int32()), // position within the validation split
    field('caption', new Utf8()), // the picture's
    field('generated', new Utf8()),
    field('exact', new Bool()),
  ],
};

const structList = (fields: Field[]) => new List(new Field('item', new Struct(fields), false));

/** The metrics of a run, and its steps: columns of {@link runsTable}. Texts in JSON are those that end in `Json`. */
export const runMetricsList = structList([
  field('stage', new Utf8()), // name of the step
  field('name', new Utf8()),
  field('value', new Float64()),
]);
export const runStagesList = structList([
  field('stage', new Utf8()), // name of the step
  field('cached', new Bool()), // not computed for this run
  field('key', new Utf8()), // all that the artifact depends on
  field('manifest', new Utf8()), // digest of the artifact's manifest
  field('code', new Utf8()), // identity of the stage's code
  field('startedAt', new Utf8()), // when the artifact was computed
  field('seconds', new Float64()), // and for how long
  field('bytes', new Float64()), // of the artifact's files
  field('parametersJson', new Utf8()),
  field('environmentJson', new Utf8()),
  field('inputsJson', new Utf8()), // step → digest of its manifest
  field('metadataJson', new Utf8()), // the manifest's
  field('highlightsJson', new Utf8()),
  field('hostJson', new Utf8()), // the machine that computed it
]);

/** Of which stage each step is. */
export const runStepsList = structList([
  field('step', new Utf8()), // in the order of `stages`
  field('stage', new Utf8()),
  field('makes', new Utf8()), // the kinds of artifact that it is, with spaces between them
]);

/** What else metrics say of themselves: those that are of one model of several, or are looked at first. */
export const runDeclarationsList = structList([
  field('step', new Utf8()),
  field('name', new Utf8()), // of the metric
  field('model', new Utf8(), true), // the step that made it
  field('headline', new Bool()),
]);

/** What the metrics of a run are. */
export const runMeaningsList = structList([
  field('stage', new Utf8()),
  field('name', new Utf8()), // of the metric
  field('unit', new Utf8(), true),
  field('better', new Utf8(), true), // lower or higher; null where neither is
  field('perToken', new Bool()), // says nothing between tokenizers
  field('lossModel', new Utf8(), true), // the model and the measure of the loss that it is a function of
  field('lossMeasure', new Utf8(), true),
]);

/** The runs ledger: completed pipelines and steps. */
export const runsTable: TableKind = {
  kind: 'runs',
  version: '1',
  fields: [
    field('id', new Utf8()), // sorts by time
    field('revision', new Int32()), // counts changes of name and notes; the highest one of an id stands
    field('name', new Utf8(), true),
    field('notes', new Utf8(), true),
    field('pipeline', new Utf8()),
    field('stage', new Utf8(), true), // null for a whole pipeline, else the step that was run
    field('finishedAt', new TimestampMillisecond('UTC')),
    field('seconds', new Float64()), // of this run, from start to end; what is cached takes none
    field('commit', new Utf8(), true), // null outside of git
    field('dirty', new Bool()), // whether files differed from the commit
    field('backend', new Utf8(), true), // that the models were computed on
    field('substitution', new Utf8(), true), // what stands in for what was asked for
    field('host', new Utf8()),
    field('platform', new Utf8()), // linux x64
    field('cpu', new Utf8()),
    field('cores', new Int32()),
    field('memoryBytes', new Float64()),
    field('node', new Utf8()),
    field('metrics', runMetricsList),
    field('stages', runStagesList), // in the order in which they run
    field('meanings', runMeaningsList, true), // of the metrics; runs of before they were kept have no such column
    field('steps', runStepsList, true), // runs of before steps had names of their own have neither this column
    field('declarations', runDeclarationsList, true), // nor this
    field('changesJson', new Utf8(), true), // parameters that the command changed, by path; null in runs of before they were kept
  ],
};

/**
 * Writes a table to a file, one record batch at a time.
 * @param metadata keys of the schema metadata beside kind and version
 * @param batches the columns of each record batch, by name
 * @returns rows written
 */
export async function writeTable(
  path: string,
  { kind, version, fields }: TableKind,
  metadata: Record<string, string>,
  batches: Iterable<Record<string, Column>> | AsyncIterable<Record<string, Column>>,
): Promise<{ rows: number }> {
  const schema = tableSchema(fields, { ...metadata, kind, version } as TableMetadata);
  async function* recordBatches() {
    for await (const columns of batches) yield recordBatch(schema, columns);
  }
  return writeArrowFile(path, schema, recordBatches());
}
