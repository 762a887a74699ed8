/** @file Where to look when a run is not what the baseline says: which code, and from which artifact on. */
import type { Baseline } from './baseline.ts';
import type { Measured } from './measure.ts';
import type { Verdict } from './verdicts.ts';

/** Where to look: a sentence, and a command to see more with. */
export interface Clue {
  text: string;
  command?: string;
}

/** As one line. */
export const formatClue = ({ text, command }: Clue): string => (command === undefined ? text : `${text}: ${command}`);

/** What there is to say, the most telling first. */
export function findClues(
  baseline: Pick<Baseline, 'pipeline' | 'artifacts' | 'noise' | 'measured'>,
  run: Pick<Measured, 'artifacts' | 'computed' | 'seed' | 'engine'>,
  verdicts: readonly Verdict[],
): Clue[] {
  const sentences = [...sayTooGood(verdicts), firstDifference(baseline, run), changedCode(baseline, run)];
  return [
    ...sentences.flatMap((text) => (text === undefined ? [] : [{ text }])),
    ...sayCommit(baseline),
    {
      text: 'Metrics, artifacts and losses side by side',
      command: `npx nx run pipeline:compare --a=${baseline.pipeline}@baseline --b=${baseline.pipeline}@latest`,
    },
  ];
}

function sayTooGood(verdicts: readonly Verdict[]): string[] {
  if (!verdicts.some(({ outcome }) => outcome === 'too good')) return [];
  return [
    'A loss below what other seeds reach is either progress, and then the baseline should be renewed, or the model sees what it ' +
      'should predict: look at the causal mask, at how targets are shifted, and for validation text in the training split.',
  ];
}

/** The first artifact in the chain that is not the baseline's, which everything after it follows from. */
function firstDifference(
  { artifacts: then, noise, measured }: Pick<Baseline, 'artifacts' | 'noise' | 'measured'>,
  { artifacts: now, computed, seed, engine }: Pick<Measured, 'artifacts' | 'computed' | 'seed' | 'engine'>,
): string | undefined {
  const steps = Object.keys(now);
  const at = steps.findIndex((step) => then[step]?.manifest !== now[step]!.manifest);
  if (at === -1) return 'Every artifact has the bytes of the baseline.';
  const step = steps[at]!;
  const files = Object.keys(now[step]!.files).filter((file) => then[step]?.files[file] !== now[step]!.files[file]);
  const what = `${step}${files.length === 0 ? '' : ` (${files.join(', ')})`}`;
  const before =
    at === 0 ? '' : ` ${steps.slice(0, at).join(', ')} ${at === 1 ? 'has' : 'have'} the bytes of the baseline.`;
  const natural = naturally();
  if (natural === undefined || !computed.includes(step))
    return `The first artifact that differs is that of ${what}.${before}`;
  return `The artifacts differ from ${what} on, as they do with ${natural}.${before}`;

  /** Why bytes would differ without a fault. */
  function naturally(): string | undefined {
    if (seed !== noise.seeds[0]) return 'another seed';
    if (engine['instructionSet'] !== measured.instructionSet) return 'another instruction set';
    return undefined;
  }
}

function changedCode(
  { artifacts: then }: Pick<Baseline, 'artifacts'>,
  { artifacts: now }: Pick<Measured, 'artifacts'>,
) {
  const steps = Object.keys(now);
  const changed = steps.filter((step) => then[step]?.code !== now[step]!.code);
  if (changed.length === 0) return 'The code of every step is that of the baseline.';
  const same = steps.filter((step) => !changed.includes(step));
  const rest = same.length === 0 ? '' : `, but not that of ${same.join(', ')}`;
  return `The code of ${changed.join(', ')} has changed since the baseline${rest}.`;
}

function sayCommit({ measured: { commit } }: Pick<Baseline, 'measured'>): Clue[] {
  if (commit === undefined) return [];
  const hash = commit.replace(/\+$/, '');
  const command = `git log --oneline ${hash}.. -- shared stages pipelines package-lock.json`;
  return [{ text: 'What happened since', command }];
}
