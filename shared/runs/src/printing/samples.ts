/** @file The samples of a comparison that are not the same in all runs: a few at a glance, or all of them whole. */
import { printableLine, UserError } from '@arrowsmith/errors';
import { markdown, markdownTable } from '@arrowsmith/reporting/markdown';
import type { Comparison, SampleComparison } from '../comparison/comparison.ts';
import { joinLines } from './join-lines.ts';
import { letter } from './letter.ts';
import { columnWidth, sideBySide } from './table.ts';
import { wrapText } from './wrap.ts';

/** All that differ, so many of them, or a first look: two, each cut to some lines. */
export type SampleChoice = 'all' | 'first' | number;

/** Columns of what is no terminal. */
const WIDTH = 120;

/** Texts that would be narrower stand below each other. */
const NARROWEST = 30;

/** Of a first look: samples, and lines of each of their texts. */
const FIRST = 2;
const FIRST_LINES = 5;

/** Before the lines of a sample. */
const INDENT = '    ';

/** @param written of `--samples` @throws UserError for neither a number nor `all` */
export function parseSampleChoice(written: string | undefined): SampleChoice | undefined {
  if (written === undefined || written === 'all') return written;
  if (/^\d+$/.test(written) && Number.isSafeInteger(Number(written))) return Number(written);
  throw new UserError({
    what: `--samples=${written}`,
    expected: 'all, or a whole number',
    found: written,
    fix: '--samples=all',
  });
}

/** The section as text. @param columns of the terminal; Infinity where none shows it */
export function formatSamples(
  samples: readonly SampleComparison[],
  { columns, choice }: { columns: number; choice: SampleChoice },
): string[] {
  if (samples.length === 0) return [];
  const width = Number.isFinite(columns) ? columns : WIDTH;
  const { chosen, differing, counts } = choose(samples, choice);
  const texts = chosen.map((sample) =>
    [
      ...wrapText(printableLine(sampleTitle(sample)), width - 4).map((line, i) => `${i === 0 ? '  ' : INDENT}${line}`),
      ...linesOf(sample, width - INDENT.length, choice === 'first' ? FIRST_LINES : Infinity).map((line) =>
        `${INDENT}${line}`.trimEnd(),
      ),
    ].join('\n'),
  );
  const more = differing - chosen.length;
  const isWhole = choice !== 'first';
  const hint = [
    ...(more === 0 ? [] : [`${more} more ${more === 1 ? 'differs' : 'differ'}; `]),
    `--samples=all shows ${more === 0 ? 'the whole texts' : 'all of them, whole'}.`,
  ].join('');
  const all = more === 0 && (isWhole || differing === 0) ? [] : [hint];
  const said = (text: string): string => `  ${wrapText(text, width - 2).join('\n  ')}`;
  return [['Samples', ...counts.map(said), ...texts, ...all.map(said)].join('\n\n')];
}

/** The texts of a sample beside each other, or below each other where there is no room for that. */
function linesOf({ texts }: SampleComparison, width: number, most: number): string[] {
  const isNarrow = texts.length > 3 || columnWidth(texts.length, width) < NARROWEST;
  const shown = texts.map((text) => text ?? '(none)');
  const column = isNarrow ? width : columnWidth(texts.length, width);
  const cut = (text: string): string => {
    const lines = wrapText(text, column);
    return lines.length <= most ? text : [...lines.slice(0, most - 1), '…'].join('\n');
  };
  const named = shown.map((text, i) => `${letter(i)}\n${cut(text)}`);
  return isNarrow ? named.flatMap((text) => [...wrapText(text, width), '']).slice(0, -1) : sideBySide(named, width);
}

/** The section as Markdown, a text a line of a table. */
export function markdownSamples(
  { samples, runs }: Pick<Comparison, 'samples' | 'runs'>,
  choice: SampleChoice,
): string[] {
  const { chosen, counts } = choose(samples, choice);
  const columns = runs.map((_, i) => ({ title: letter(i) }));
  const shown = chosen.flatMap((sample) => [
    markdown`<details>
<summary>${sampleTitle(sample)}</summary>`.text,
    joinLines(markdownTable(columns, [sample.texts.map((text) => text ?? '(none)')])),
    '</details>',
  ]);
  const parts = [...counts.map((count) => markdown`${count}`.text), ...shown];
  return parts.length > 0 ? ['### Samples', ...parts] : [];
}

interface Chosen {
  chosen: SampleComparison[];
  /** How many are not the same in all runs. */
  differing: number;
  /** A sentence on those that are. */
  counts: string[];
}

function choose(samples: readonly SampleComparison[], choice: SampleChoice): Chosen {
  const differing = samples.filter(({ texts }) => new Set(texts).size > 1);
  const same = samples.length - differing.length;
  const counts =
    same === 0 ? [] : [`${same === samples.length ? 'All' : `${same} of`} ${samples.length} are the same in all runs.`];
  const chosen = choice === 'all' ? differing : choice === 'first' ? firstLook(differing) : differing.slice(0, choice);
  return { chosen, differing: differing.length, counts };
}

/** Of the last model, which is the one that came of all steps: one sample a prompt, by the last method, which is the one that summaries show. */
function firstLook(differing: readonly SampleComparison[]): SampleComparison[] {
  const own = differing.filter(({ model }) => model === differing.at(-1)!.model);
  const prompts = [...new Set(own.map(({ prompt }) => prompt))].slice(0, FIRST);
  return prompts.map((prompt) => own.findLast((sample) => sample.prompt === prompt)!);
}

const sampleTitle = ({ model, method, temperature, topK, topP, seed, prompt }: SampleComparison): string => {
  const how = [
    ...(temperature === 0 ? [] : [`temperature ${temperature}`]),
    ...(topK === 0 ? [] : [`top-k ${topK}`]),
    ...(topP === 1 ? [] : [`top-p ${topP}`]),
    ...(temperature === 0 ? [] : [`seed ${seed}`]),
  ];
  return `${model}, ${[method, ...how].join(', ')}, prompt ${JSON.stringify(prompt)}`;
};
