/**
 * @file `npm run doctor`: what this machine offers, and what that means for running pipelines.
 *
 * `npm run doctor -- tinystories` measures the training of that pipeline alone. `--json` prints the findings as JSON.
 * `--measure` measures a graphics processor anew. Exits with 1 when there is a problem that keeps pipelines from running.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { $, chalk } from 'zx';
import { nearest, printFailure, UserError } from '@arrowsmith/errors';
import { type Finding, formatFindings, type Level, verdict } from './doctor/finding.ts';
import { checkNode, type Run } from './doctor/tools.ts';

const PAINT: Record<Level, (text: string) => string> = { ok: chalk.green, note: chalk.yellow, problem: chalk.red };

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const run: Run = async (command, args) => {
  try {
    return (await $({ quiet: true, timeout: '10s' })`${command} ${args}`).stdout.trim();
  } catch {
    return undefined; // not installed, failed, or too slow
  }
};

/** The settings that Nx gives to stages. What is set in the environment comes first, as with Nx. */
function loadSettings(): void {
  for (const file of ['.local.env', '.env.local', '.env']) {
    if (existsSync(join(root, file))) process.loadEnvFile(join(root, file));
  }
}

async function examine(only: readonly string[]): Promise<Finding[]> {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
  const node = checkNode(process.version, engines.node);
  if (node.level === 'problem') return [node]; // the rest would not even load
  loadSettings();
  const doctor = await import('./doctor/examine.ts');
  return [node, ...(await doctor.examine(root, process.env, run, only, process.argv.includes('--measure')))];
}

/** `npm run doctor`, or `arrowsmith doctor`, which starts it. */
function help(isArrowsmith: boolean): string {
  const stands = 'npm run doctor -- tinystories';
  return [
    isArrowsmith
      ? 'npx arrowsmith doctor [pipeline …] [--json] [--measure]'
      : 'npm run doctor [-- [pipeline …] [--json] [--measure]]',
    '',
    'Says what this machine offers, and what that means: for each pipeline, or for',
    'those that are named, how long its training takes, and how much memory.',
    '',
    '  --json',
    '      Prints JSON.',
    '  --measure',
    '      Measures a graphics processor anew, by which the backend auto is chosen.',
    '',
    ...(isArrowsmith
      ? ['For example: npx arrowsmith doctor tinystories', `Stands for:  ${stands}`]
      : [`For example: ${stands}`]),
  ].join('\n');
}

if (process.argv.includes('--help')) {
  console.log(help(process.env['ARROWSMITH_USAGE'] !== undefined));
  process.exit(0);
}
const only = process.argv.slice(2).filter((arg) => !['--json', '--measure'].includes(arg));
const pipelines = readdirSync(join(root, 'pipelines')).flatMap((file) =>
  file.endsWith('.yaml') ? [basename(file, '.yaml')] : [],
);
const unknown = only.find((name) => !pipelines.includes(name));
if (unknown !== undefined) {
  const [near] = nearest(unknown, [...pipelines, '--json', '--measure']);
  printFailure(
    new UserError({
      what: `doctor does not know ${unknown}`,
      expected: `a pipeline: ${pipelines.join(', ')}\nor --json, --measure, or nothing`,
      found: unknown,
      fix: near === undefined ? 'npx arrowsmith doctor tinystories, for example' : `did you mean ${near}?`,
    }),
  );
  process.exit(1);
}
const findings = await examine(only);
const ok = findings.every(({ level }) => level !== 'problem');
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ ok, findings }, null, 2));
} else {
  const lines = formatFindings(
    findings.filter(({ training, level }) => training === undefined || level !== 'ok'),
    (level, text) => PAINT[level](text),
    process.stdout.columns,
  );
  const { formatTrainings } =
    findings.length > 1 ? await import('./doctor/training-table.ts') : { formatTrainings: () => [] };
  for (const line of [...lines, '', ...formatTrainings(findings)]) console.log(line);
  console.log(`\n${verdict(findings)}`);
}
process.exit(ok ? 0 : 1); // a package may keep a socket open
