/**
 * @file The losses of several runs over the evaluated text. Losses per token are compared only where text and tokenizer are the same; bits per byte
 * also where tokenizers differ; and where texts differ bits per byte are shown with the noise of either text, which is said.
 */
import { independentBootstrap, meanLoss, pairedBootstrap, type DocumentLosses, type Interval } from './bootstrap.ts';
import type { LossComparison, LossDifference, Verdict } from './comparison.ts';
import type { ModelLosses } from './tables.ts';

/** What a run was evaluated on, and how it did. */
export interface Evaluation {
  /** The step that measured; undefined where none did. */
  step: string | undefined;
  /** Fingerprints of the text and of the tokenizer; undefined where the run has none. */
  text: string | undefined;
  tokenizer: string | undefined;
  /** By model. */
  losses: ReadonlyMap<string, ModelLosses>;
}

const isSame = (a: string | undefined, b: string | undefined): boolean => a !== undefined && a === b;

/** Whether two evaluations may be compared token by token. */
export const sameTokens = (a: Evaluation, b: Evaluation): boolean =>
  isSame(a.text, b.text) && isSame(a.tokenizer, b.tokenizer);

/** @param evaluations of each run, where it has one with losses by document */
export function compareLosses(evaluations: readonly (Evaluation | undefined)[]): LossComparison[] {
  const present = evaluations.filter((evaluation) => evaluation !== undefined);
  const models = [...new Set(present.flatMap(({ losses }) => [...losses.keys()]))];
  const perToken = present.length > 1 && present.every((evaluation) => sameTokens(present[0]!, evaluation));
  const measures = perToken ? (['bits per byte', 'nats per token'] as const) : (['bits per byte'] as const);
  return models.flatMap((model) => measures.map((measure) => compareModel(model, measure, evaluations)));
}

function compareModel(
  model: string,
  measure: LossComparison['measure'],
  evaluations: readonly (Evaluation | undefined)[],
): LossComparison {
  const losses = evaluations.map((evaluation) => {
    const found = evaluation?.losses.get(model);
    return found && inUnits(found, measure);
  });
  const differences = losses.map((each, i): LossDifference | null => {
    const [first, [one, other]] = [losses[0], [evaluations[0], evaluations[i]]];
    if (i === 0 || first === undefined || each === undefined) return null;
    const paired = isSame(one!.text, other!.text) && first.nats.length === each.nats.length;
    const interval = (paired ? pairedBootstrap : independentBootstrap)(first, each);
    return { ...interval, verdict: verdictOf(interval, meanLoss(first)), paired };
  });
  return {
    model,
    measure,
    values: losses.map((each) => (each === undefined ? null : meanLoss(each))),
    documents: losses.map((each) => each?.nats.length ?? null),
    differences,
  };
}

function inUnits({ tokens, bytes, nats }: ModelLosses, measure: LossComparison['measure']): DocumentLosses {
  return { nats, units: measure === 'nats per token' ? tokens : bytes.map((count) => count * Math.LN2) };
}

/**
 * What one model's loss differs by, relatively, between instruction sets and backends, whose sums in float32 have other orders: up to 4e-7 was
 * measured. A bootstrap cannot see that, as it is of one sign in all documents.
 */
const ROUNDING = 2e-6;

/** Losses: lower is better. */
function verdictOf({ difference, low, high }: Interval, loss: number): Verdict {
  if (difference === 0 && low === 0 && high === 0) return 'same';
  if ((low <= 0 && high >= 0) || Math.abs(difference) <= ROUNDING * Math.abs(loss)) return 'unclear';
  return high < 0 ? 'better' : 'worse';
}
