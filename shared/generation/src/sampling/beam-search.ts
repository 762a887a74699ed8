/** @file Beam search: the likeliest continuations of a prompt, as far as a number of beams finds them. */

/** A continuation that is still open. */
export interface OpenBeam {
  /** The tokens that follow the prompt. */
  readonly tokens: readonly number[];
  /** Which of the beams that were scored last it continues by its last token: whose cached keys and values it needs. */
  readonly parent: number;
}

/** A continuation that has ended. */
export interface FinishedBeam {
  /** The tokens that follow the prompt, without the end token. */
  tokens: number[];
  /** Sum of the log-probabilities of its tokens and its end token. */
  logProbability: number;
  /** What beams are ranked by: the sum divided by (number of tokens, with the end token) to the length penalty. */
  score: number;
  /** Whether an end token ended it, or `maximumTokens`. */
  ended: boolean;
}

/** How beams are searched. */
export interface BeamSearchOptions {
  /** Continuations that are kept at each length; as many are returned at most. */
  beams: number;
  endTokens: readonly number[];
  maximumTokens: number;
  /** Above 0 longer continuations are preferred, below 0 shorter ones. Default 1: the mean log-probability counts. */
  lengthPenalty?: number;
  /**
   * When the search ends, once there are as many finished beams as asked for: `true` at once; `false` when the best open beam, as it is,
   * is no better than the worst finished one; `'never'` only when it cannot become better. Default false.
   */
  earlyStopping?: boolean | 'never';
}

/** An open beam, its sum of log-probabilities, and whether its last token ends it. */
interface Candidate extends OpenBeam {
  logProbability: number;
  ended: boolean;
}

/**
 * Searches by Hugging Face's definition of beam search, with its length penalty and its early stopping. At each length the best
 * `beams` · (1 + number of end tokens) candidates are looked at, so that enough stay open; of these the first `beams` may finish.
 *
 * @param score log-probabilities [V] of the token that follows each beam, −Infinity excludes one; at first of one beam without tokens
 * @returns finished beams, the best first; at equal scores the one that finished first
 */
export async function beamSearch(
  score: (beams: readonly OpenBeam[]) => readonly ArrayLike<number>[] | Promise<readonly ArrayLike<number>[]>,
  { beams, endTokens, maximumTokens, lengthPenalty = 1, earlyStopping = false }: BeamSearchOptions,
): Promise<FinishedBeam[]> {
  const looked = beams * Math.max(2, 1 + endTokens.length);
  const scoreOf = (logProbability: number, length: number) => logProbability / length ** lengthPenalty;
  let open: Candidate[] = [{ tokens: [], parent: 0, logProbability: 0, ended: false }];
  let finished: FinishedBeam[] = [];

  for (let length = 1; length <= maximumTokens && open.length > 0; length++) {
    const candidates = bestCandidates(open, await score(open), looked, endTokens);
    const closed = candidates.slice(0, beams).filter(({ ended }) => ended || length === maximumTokens);
    finished = finished
      .concat(
        closed.map(({ tokens, logProbability, ended }) => ({
          tokens: ended ? tokens.slice(0, -1) : [...tokens],
          logProbability,
          score: scoreOf(logProbability, length),
          ended,
        })),
      )
      .sort((a, b) => b.score - a.score)
      .slice(0, beams);
    open = candidates.filter(({ ended }) => !ended).slice(0, beams);

    const [best, worst] = [open[0], finished[beams - 1]];
    if (best === undefined || worst === undefined) continue;
    const reach = earlyStopping === 'never' && lengthPenalty > 0 ? maximumTokens : length;
    if (earlyStopping === true || scoreOf(best.logProbability, reach) <= worst.score) break;
  }
  return finished;
}

/** The likeliest continuations of all beams by one token, the best first, equal ones by beam and id. */
function bestCandidates(
  open: readonly Candidate[],
  logProbabilities: readonly ArrayLike<number>[],
  count: number,
  endTokens: readonly number[],
): Candidate[] {
  const best: { parent: number; id: number; logProbability: number }[] = [];
  for (const [parent, beam] of open.entries()) {
    const row = logProbabilities[parent] ?? [];
    for (let id = 0; id < row.length; id++) {
      const logProbability = beam.logProbability + (row[id] ?? -Infinity);
      const least = best.length < count ? -Infinity : (best.at(-1)?.logProbability ?? -Infinity);
      if (!(logProbability > least)) continue;
      const place = best.findLastIndex((each) => each.logProbability >= logProbability) + 1;
      best.splice(place, 0, { parent, id, logProbability });
      if (best.length > count) best.pop();
    }
  }
  return best.map(({ parent, id, logProbability }) => ({
    tokens: [...(open[parent]?.tokens ?? []), id],
    parent,
    logProbability,
    ended: endTokens.includes(id),
  }));
}
