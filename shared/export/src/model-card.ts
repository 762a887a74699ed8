/** @file The model card: README.md of a Hugging Face folder, which says what a model is, what of, and how good. */
import { countActiveParameters, countParameters, type DecoderConfig } from '@arrowsmith/model';

/** A fact of a corpus's data card. */
export interface CardFact {
  section: string;
  split: string;
  name: string;
  text: string;
}

/** Losses of a model over held-out text. */
export interface CardMeasurement {
  model: string;
  tokens: number;
  /** Nats per token. */
  loss: number;
  perplexity: number;
  bitsPerByte: number;
}

export interface ModelCard {
  name: string;
  architecture: string;
  precision: string;
  config: DecoderConfig;
  /** Optimizer steps of the training, where the model says them. */
  steps?: string | number | boolean | undefined;
  /** Of the tokenizer. */
  tokens: number;
  endOfText: string;
  facts: readonly CardFact[];
  measured: readonly CardMeasurement[];
  /** What the model was made of: steps, and the digests of their artifacts' manifests. */
  provenance: readonly { step: string; digest: string }[];
}

const NOT_RECORDED = 'Not recorded with this export.';

/** Facts of these sections are of the whole, and short. */
const SECTIONS = ['origin', 'content', 'removed'];

/** The text of the card, in Markdown with the hub's metadata in front. */
export function modelCard(card: ModelCard): string {
  const { name, config, facts, measured, provenance } = card;
  const licence = facts.find((fact) => fact.name === 'licence')?.text;
  const metadata = [
    'library_name: transformers',
    'pipeline_tag: text-generation',
    'tags: [arrowsmith, text-generation]',
    ...(licence === undefined ? [] : [`# of the data: ${singleLine(licence)}`]),
  ];
  return [
    '---',
    ...metadata,
    '---',
    '',
    `# ${singleLine(name)}`,
    '',
    `A small language model of the family ${config.family}, trained with Arrowsmith; \`${card.architecture}\` of transformers. ` +
      `Texts begin with \`${singleLine(card.endOfText)}\`, which the tokenizer puts there, and end with it.`,
    '',
    ...(config.confineAttention
      ? [
          'In training, where several documents share a row, a token saw its own document only: give the model one document at a time.',
          '',
        ]
      : []),
    '```python',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")',
    'model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")',
    'inputs = tokenizer("Once upon a time", return_tensors="pt", return_token_type_ids=False)',
    'print(tokenizer.decode(model.generate(**inputs, max_new_tokens=100)[0], skip_special_tokens=True))',
    '```',
    '',
    '## Model',
    '',
    ...table(['', ''], modelRows(card)),
    '',
    '## Data',
    '',
    ...dataLines(facts),
    '',
    '## Measurements',
    '',
    ...measuredLines(measured),
    '',
    '## Provenance',
    '',
    'SHA-256 of the manifests of what the model was made of: equal digests are equal files.',
    '',
    ...table(
      ['step', 'manifest'],
      provenance.map(({ step, digest }) => [step, `\`${digest}\``]),
    ),
    '',
  ].join('\n');
}

function modelRows({ config, steps, tokens, precision }: ModelCard): string[][] {
  const { layers } = config;
  const count = (value: number) => value.toLocaleString('en-US');
  const attention = layers.map((layer) => layer.attention);
  const experts = layers.map(({ ffn }) => ffn).find((ffn) => ffn.kind === 'moe');
  const window = attention.find((each) => each.window > 0)?.window;
  const chunk = attention.find((each) => each.chunk > 0)?.chunk;
  const list = (values: readonly number[]) => [...new Set(values)].join(', ');
  const rows: (string[] | undefined)[] = [
    [
      'parameters',
      `${count(countParameters(config))}, of which ${count(countActiveParameters(config))} compute a token`,
    ],
    ['stored as', precision],
    ['layers', String(layers.length)],
    ['hidden size', String(config.hiddenSize)],
    ['heads', `${list(attention.map(({ heads }) => heads))}, of keys ${list(attention.map(({ kvHeads }) => kvHeads))}`],
    ['size of a head', list(attention.map(({ headDim }) => headDim))],
    ['inner size', list(layers.map(({ ffn }) => ffn.intermediateSize))],
    experts && ['experts', `${experts.topK} of ${experts.experts}`],
    ['context', `${count(config.contextLength)} tokens`],
    window === undefined
      ? undefined
      : ['sliding window', `${window} tokens in ${attention.filter((each) => each.window > 0).length} layers`],
    chunk === undefined
      ? undefined
      : ['chunks', `${chunk} tokens in ${attention.filter((each) => each.chunk > 0).length} layers`],
    ['vocabulary', `${count(tokens)} tokens, byte-level BPE`],
    steps === undefined ? undefined : ['optimizer steps', String(steps)],
  ];
  return rows.filter((row) => row !== undefined);
}

function dataLines(facts: readonly CardFact[]): string[] {
  const shown = facts.filter(({ section, text }) => SECTIONS.includes(section) && text !== '0');
  if (shown.length === 0) return [NOT_RECORDED];
  return table(
    ['', 'split', ''],
    shown.map(({ name, split, text }) => [name, split, text]),
  );
}

function measuredLines(measured: readonly CardMeasurement[]): string[] {
  if (measured.length === 0) return [NOT_RECORDED];
  const rows = measured.map(({ model, tokens, loss, perplexity, bitsPerByte }) => [
    model,
    tokens.toLocaleString('en-US'),
    loss.toFixed(4),
    perplexity.toFixed(3),
    bitsPerByte.toFixed(4),
  ]);
  return [
    'Over the held-out text of the corpus, before weights were rounded for this export:',
    '',
    ...table(['model', 'tokens', 'nats per token', 'perplexity', 'bits per byte'], rows),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => singleLine(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** Whatever a name or a corpus says stays one line. */
const singleLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
