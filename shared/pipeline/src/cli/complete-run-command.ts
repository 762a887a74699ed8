/**
 * @file A pipeline or a step is done: `complete-run <pipeline>` is the last task of `nx run pipeline:<pipeline>`, keeps the ledger and prints the
 * summary; `complete-run <pipeline> <step>` does so for a step that was run by itself, in one line.
 */
import { outputColumns, print } from '@arrowsmith/errors';
import { completeRun } from '../complete-run.ts';
import { withInputs } from '../graph.ts';
import { parseRevision, readLedger } from '../ledger/index.ts';
import { substitutionNote } from '../substitution-note.ts';
import { formatSummary } from '../summary.ts';
import { commandContext, type Stages } from './command-context.ts';
import { main } from './main.ts';

/** @param args the pipeline's name, then a step, or flags */
export async function completeRunCommand(
  [pipeline = '', ...rest]: readonly string[],
  { declarations, code }: { declarations: ReadonlyMap<string, unknown>; code: Readonly<Record<string, string>> },
): Promise<void> {
  const { RUN_NAME, RUN_NOTES, ARROWSMITH_STARTED, ARROWSMITH_REVISION } = process.env;
  const step = rest[0]?.startsWith('-') === false ? rest[0] : undefined;
  const flags = step === undefined ? rest : rest.slice(1);
  await main(async (workspace, signal) => {
    const all = { declarations, code } as Stages;
    const target = { project: step ?? 'pipeline', pipeline };
    const context = await commandContext(workspace, target, flags, all, signal);
    const run = await completeRun(workspace, {
      pipeline,
      step,
      steps: step === undefined ? Object.keys(context.steps) : withInputs([step], context.steps),
      find: context.find,
      changes: context.changes,
      startedAt: ARROWSMITH_STARTED === undefined ? undefined : Number(ARROWSMITH_STARTED),
      revision: parseRevision(ARROWSMITH_REVISION ?? ''),
      name: RUN_NAME,
      notes: RUN_NOTES,
    });
    if (step === undefined) {
      const { runs } = await readLedger(workspace);
      const isFirst = !runs.some((other) => other.pipeline === pipeline && other.id !== run.id);
      print(formatSummary(run, context.description, { isFirst, columns: outputColumns() }));
      return;
    }
    const substitution =
      run.substitution === undefined ? '' : `\n${substitutionNote(run.substitution, outputColumns())}\n`;
    print(`\n${step}:${pipeline} is run ${run.id}; npx nx run pipeline:compare shows what it changed\n${substitution}`);
  });
}
