/** @file Two toy stages and a way to run them, for tests of the runner: `count` writes numbers, `double` reads and doubles them. */
import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metricsTable, numbers, readBatches, strings } from '@arrowsmith/artifacts';
import * as z from 'zod';
import { type FindArtifact, pointedArtifact } from '../artifact.ts';
import { parseFlags } from '../overrides.ts';
import { readOutcome } from '../run-state.ts';
import { runStage, type StageRequest } from '../run-stage.ts';
import { declareStage, implementStage, one, type Stage } from '../stage.ts';
import { openWorkspace, type Workspace } from '../workspace.ts';

const rowOf = (value: number) => {
  const column = numbers(Float64Array.of(value));
  return {
    model: strings(['toy']),
    tokens: column,
    bytes: column,
    loss: column,
    perplexity: column,
    bitsPerByte: column,
    weightBytes: column,
  };
};

const countDeclaration = declareStage({
  name: 'count',
  description: 'Writes a number',
  inputs: {},
  makes: ['corpus'],
  parameters: z.strictObject({
    to: z.int().min(0).default(3),
    note: z.string().default(''),
    hands: z.int().min(1).default(1),
  }),
  notInKey: ['hands'],
});

const doubleDeclaration = declareStage({
  name: 'double',
  description: 'Doubles it',
  inputs: { number: one('corpus') },
  makes: ['rows'],
  parameters: z.strictObject({ plus: z.int().default(0) }),
});

/** A workspace in a temporary folder, with the two stages; `ran` lists what was computed. */
export function toyWorkspace() {
  const workspace: Workspace = openWorkspace(mkdtempSync(join(tmpdir(), 'toy-')), {});
  const ran: string[] = [];
  const printed: string[] = [];
  const count = implementStage(countDeclaration, async ({ parameters, table, measured, outputPath }) => {
    ran.push('count');
    await measured('time.arrow', metricsTable, [rowOf(performance.now())]);
    await table('number.arrow', metricsTable, {}, [rowOf(parameters.to)]);
    await writeFile(outputPath('note.txt'), 'the same whatever the note');
    return {
      metadata: { to: parameters.to },
      metrics: { to: { value: parameters.to, unit: 'numbers', better: 'higher' } },
      highlights: { counted: String(parameters.to) },
    };
  });
  const double = implementStage(doubleDeclaration, async ({ parameters, input, table }) => {
    ran.push('double');
    const number = input('number');
    let value = 0;
    for await (const batch of readBatches(await number.file('number.arrow'), 'metrics'))
      value = batch.getChild('loss')!.get(0) as number;
    await table('number.arrow', metricsTable, {}, [rowOf(2 * value + parameters.plus)]);
    return { metadata: { from: number.metadata['to']!, value: 2 * value + parameters.plus } };
  });
  const stages = { count: count as unknown as Stage, double: double as unknown as Stage };
  const run = (name: keyof typeof stages, flags: string[] = [], more: Partial<StageRequest> = {}) =>
    runStage({
      workspace,
      pipeline: 'toy',
      step: name,
      reads: name === 'double' ? { number: ['count'] } : {},
      declaration: stages[name].declaration,
      load: async () => stages[name],
      parameters: {},
      flags: parseFlags(flags),
      code: 'code-1',
      signal: new AbortController().signal,
      print: (line) => printed.push(line),
      ...more,
    });
  /** What the pointers name, for a run that ends now. */
  const pointed =
    (invocation?: string): FindArtifact =>
    async (stage) => {
      const outcome = invocation && (await readOutcome(workspace, invocation, 'toy', stage));
      return { ...(await pointedArtifact(workspace, 'toy', stage)), computed: outcome ? outcome.computed : false };
    };
  return { workspace, ran, printed, stages, run, pointed };
}
