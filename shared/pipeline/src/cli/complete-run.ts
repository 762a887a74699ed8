/**
 * @file A pipeline or a stage is done: `complete-run <pipeline>` is the last task of `nx run pipeline:<pipeline>`, keeps the ledger and prints the
 * summary; `complete-run <pipeline> <stage>` does so for a stage that was run by itself, in one line.
 *
 * COMPLETED is JSON of what the Nx plugin knows: the pipeline's stages and its description.
 */
import { print, UserError } from '@arrowsmith/errors';
import { completeRun } from '../complete-run.ts';
import { parseRevision } from '../ledger/index.ts';
import { formatSummary } from '../summary.ts';
import { main } from './main.ts';

const [pipeline = '', ...rest] = process.argv.slice(2);
const {
  COMPLETED = '',
  RUN_NAME,
  RUN_NOTES,
  ARROWSMITH_INVOCATION,
  ARROWSMITH_STARTED,
  ARROWSMITH_REVISION,
} = process.env;

await main(async (workspace) => {
  const flags = rest.filter((argument) => argument.startsWith('-'));
  if (flags.length > 0) throw unknownFlags(flags); // Nx hands what it does not know to its last task
  const { stages, description } = JSON.parse(COMPLETED) as { stages: string[]; description: string };
  const [stage] = rest;
  const run = await completeRun(workspace, {
    pipeline,
    ...(stage === undefined ? {} : { stage }),
    stages,
    invocation: ARROWSMITH_INVOCATION,
    startedAt: ARROWSMITH_STARTED === undefined ? undefined : Number(ARROWSMITH_STARTED),
    revision: parseRevision(ARROWSMITH_REVISION ?? ''),
    name: RUN_NAME,
    notes: RUN_NOTES,
  });
  if (stage === undefined) print(formatSummary(run, description));
  else print(`\n${stage}:${pipeline} is run ${run.id}; npx nx run pipeline:compare shows what it changed\n`);
});

function unknownFlags(flags: readonly string[]): UserError {
  return new UserError({
    what: `${flags.join(' ')}: no parameter of any stage; it was ignored`,
    where: `nx run pipeline:${pipeline}`,
    expected: 'a pipeline without flags of its own',
    fix: `check the spelling; parameters are given as PIPELINE_SET=<stage>.<parameter>=<value> npx nx run pipeline:${pipeline}`,
  });
}
