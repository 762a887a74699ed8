/** @file The commands of `arrowsmith`, and what each stands for. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { wrapText } from '@arrowsmith/errors';
import { helpWidth } from '@arrowsmith/pipeline/start';

export interface Command {
  name: string;
  /** What follows it, as help shows it. */
  words: string;
  summary: string;
  /** What follows it in an example; by default what its own help has. */
  example?: string;
  /** Flags that words without a `--` stand for: `generate "Once upon a time"`. Absent where there are none. */
  flagsOf?: (words: readonly string[]) => string[];
  /** The bundle that it is; by default the one of its name. */
  bundle?: string;
}

/** A command that is no bundle: Node runs its sources, from the root of the workspace. */
export interface SourceCommand extends Command {
  source: string;
  /** What a person could have typed instead. */
  standsFor: (flags: readonly string[]) => readonly string[];
}

/** Whether a word is a path, of a file that is there or not: names of runs have no slash. */
const namesFile = (word: string): boolean => /[/\\]|\.(gguf|bin)$/.test(word) || existsSync(word);

/** Commands that are bundles of their own, and start without Nx: `pipeline:<name>`. */
export const BUILT: readonly Command[] = [
  {
    name: 'generate',
    words: '["prompt"]',
    summary: 'text from the model of a run, as it comes',
    example: '"Once upon a time" --temperature=0.7',
    flagsOf: (words) => [`--prompt=${words.join(' ')}`],
  },
  { name: 'serve', words: '', summary: 'an OpenAI-compatible server for the models of a run' },
  { name: 'chat', words: '', summary: 'a conversation with it, or a story that both write' },
  {
    name: 'export',
    words: '[format]',
    summary: 'its model for transformers, llama.cpp, llama2.c or browsers: huggingface, gguf, llama2c, web',
    example: 'gguf --precision=Q8_0',
    flagsOf: (words) => [`--format=${words.join(' ')}`],
    bundle: 'export-model', // that of its name is a stage
  },
  {
    name: 'evaluate',
    words: '[file|folder|run]',
    summary: 'bits per byte of a text file, by any model: --text=story.txt',
    example: 'model.gguf --text=story.txt',
    flagsOf: ([model = '', ...more]) => [namesFile(model) ? `--folder=${resolve(model)}` : `--run=${model}`, ...more],
    bundle: 'evaluate-text', // as above
  },
  { name: 'runs', words: '', summary: 'the runs that were kept: --where, --sort, --json …' },
  {
    name: 'compare',
    words: '[run run …]',
    summary: 'what changed between runs, and what came of it; by default the last two',
    example: 'latest~1 latest',
    flagsOf: (words) => (words.length === 1 ? [`--a=${words[0]}`] : [`--runs=${words.join(',')}`]),
  },
  {
    name: 'report',
    words: '[run …]',
    summary: 'an HTML page of a run, or of several side by side',
    example: 'latest~1 latest',
    flagsOf: (words) => [words.length === 1 ? `--run=${words[0]}` : `--runs=${words.join(',')}`],
  },
  { name: 'watch', words: '', summary: 'in a second terminal, what the steps of a run do as they do it' },
  { name: 'diff', words: '', summary: 'two artifacts apart: --artifact=train/weights.arrow' },
  { name: 'name', words: '', summary: 'gives a run a name and notes: --run, --name, --notes' },
  { name: 'forget', words: '', summary: 'takes runs out of the ledger: --runs, --where, --before; --delete' },
  { name: 'gc', words: '', summary: 'what nothing names any more; --delete removes it' },
];

/** Commands that work on the sources, and are not built. */
export const FROM_SOURCES: readonly SourceCommand[] = [
  {
    name: 'regression',
    words: '',
    summary: 'fails where a pipeline, by default ci, leaves its baseline',
    source: 'shared/regression/src/cli/regression.ts',
    standsFor: (flags) => ['npx', 'nx', 'run', 'pipeline:regression', ...flags],
  },
  {
    name: 'baseline',
    words: '',
    summary: 'measures that baseline anew, with several seeds',
    source: 'shared/regression/src/cli/baseline.ts',
    standsFor: (flags) => ['npx', 'nx', 'run', 'pipeline:baseline', ...flags],
  },
  {
    name: 'doctor',
    words: '[pipeline …]',
    summary: 'what this machine offers, how long trainings take on it, and how much memory',
    flagsOf: (words) => [...words],
    source: 'scripts/doctor.ts',
    standsFor: (flags) => ['npm', 'run', 'doctor', ...(flags.length === 0 ? [] : ['--', ...flags])],
  },
];

const RUN: Command = {
  name: 'run',
  words: '<pipeline> [--train.steps=200 …]',
  summary: 'runs what is not up to date of a pipeline; or one stage: run train:tinystories --steps=200',
};

const HELP: Command = {
  name: 'help',
  words: '[command|stage|pipeline]',
  summary: 'this, or all parameters with their defaults',
};

export const COMMANDS: readonly Command[] = [RUN, ...BUILT, ...FROM_SOURCES, HELP];

/** What `arrowsmith help` prints. @param columns of the terminal; undefined where none shows it */
export function overview(columns?: number): string {
  const heads = COMMANDS.map(({ name, words }) => `  ${name}${words === '' ? '' : ` ${words}`}`);
  const width = Math.max(...heads.map((head) => (head.length > 22 ? 0 : head.length))) + 2;
  return [
    'npx arrowsmith <command>',
    '',
    ...wrapText('Trains small language models from scratch, and shows what came of it.', helpWidth(columns)),
    '',
    ...COMMANDS.flatMap(({ summary }, i) => {
      const head = heads[i]!;
      const [first = '', ...rest] = wrapText(summary, helpWidth(columns) - width);
      const below = rest.map((line) => `${''.padEnd(width)}${line}`);
      return head.length > width - 2
        ? [head, `${''.padEnd(width)}${first}`, ...below]
        : [`${head.padEnd(width)}${first}`, ...below];
    }),
    '',
    ...wrapText('Every command knows --help. Each stands for a command of Nx, and says for which.', helpWidth(columns)),
    '',
    'For example: npx arrowsmith run tinystories',
    '             npx arrowsmith generate "Once upon a time"',
  ].join('\n');
}
