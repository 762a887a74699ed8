/** @file What texts took, in a line, and what their tokens were. */
import type { DraftCounts, TextModel, TextResult } from '@arrowsmith/generation';
import { printableLine } from '@arrowsmith/errors';

/**
 * What ended texts, how fast they were, and what came of drafts.
 *
 * @param drafts of all texts, where somebody drafts
 */
export function describeTexts(results: readonly TextResult[], contextLength: number, drafts?: DraftCounts): string {
  const count = results.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const tokens = `${count} ${count === 1 ? 'token' : 'tokens'}`;
  const ends = new Map<string, number>();
  for (const result of results) {
    const end = endOf(result, contextLength);
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const [[end] = ['stopped']] = ends;
  const told = Array.from(ends, ([each, of]) => `${of} ${each}`).join(', ');
  const what = results.length === 1 ? `${tokens}, ${end}` : `${tokens} in ${results.length} samples (${told})`;
  return [what, ...ratesOf(results), ...(drafts === undefined ? [] : [describeDrafts(drafts)])].join('; ');
}

/** The acceptance rate: the share of drafted tokens that the model would have chosen, too, and kept. */
export function describeDrafts({ drafted, accepted }: DraftCounts): string {
  if (drafted === 0) return 'no token was drafted';
  const count = (n: number): string => n.toLocaleString('en-US');
  return `${count(accepted)} of ${count(drafted)} drafted tokens kept (${Math.round((100 * accepted) / drafted)}%)`;
}

function endOf({ finishReason = 'cancelled' }: TextResult, contextLength: number): string {
  const ends = {
    model: 'ended by the model',
    length: 'as many as asked for',
    context: `the context of ${contextLength} tokens is full`,
    stop: 'ended by a stop string',
    cancelled: 'stopped',
  };
  return ends[finishReason];
}

/** Tokens per second of the prompt, and of all texts together behind their first tokens; and when the first token was there. */
function ratesOf(results: readonly TextResult[]): string[] {
  const [first] = results;
  const firsts = results.flatMap(({ usage: { firstAt } }) => firstAt ?? []);
  const lasts = results.flatMap(({ usage: { lastAt } }) => lastAt ?? []);
  if (first?.usage.firstAt === undefined) return [];
  const { promptTokens, sharedTokens, begunAt, firstAt } = first.usage;
  const read = promptTokens - sharedTokens;
  const more = results.reduce((sum, { tokens }) => sum + Math.max(0, tokens.length - 1), 0);
  const decoding = Math.max(...lasts) - Math.min(...firsts);
  return [
    `prompt ${promptTokens} tokens, ${perSecond(read, firstAt - begunAt)}`,
    ...(more > 0 ? [`then ${perSecond(more, decoding)}`] : []),
    `the first after ${(firstAt / 1000).toFixed(2)} s`,
  ];
}

const perSecond = (count: number, milliseconds: number): string =>
  `${Math.round((1000 * count) / milliseconds).toLocaleString('en-US')} tokens/s`;

/** A row for each token: its text, its probability, and what was most likely in its place. */
export function logProbabilityTable({ logProbabilities }: TextResult, decode: TextModel['decode']): string {
  const shown = (id: number): string => printableLine(JSON.stringify(decode([id])));
  const rows = logProbabilities.map(({ id, logProbability, top }) => [
    shown(id),
    logProbability.toFixed(3).replace('-0.000', '0.000'),
    percent(logProbability),
    top.map((each) => `${shown(each.id)} ${percent(each.logProbability)}`).join('  '),
  ]);
  const head = ['token', 'log-probability', 'probability', 'most likely'];
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = ([token = '', log = '', share = '', top = '']: readonly string[]): string =>
    `  ${token.padEnd(widths[0] ?? 0)}  ${log.padStart(widths[1] ?? 0)}  ${share.padStart(widths[2] ?? 0)}  ${top}`.trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}

const percent = (logProbability: number): string => `${(100 * Math.exp(logProbability)).toFixed(1)}%`;
