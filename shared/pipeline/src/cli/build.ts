/**
 * @file `nx run pipeline:build`: bundles every stage and writes the identity of its code, which results are keyed by; and bundles the commands that
 * should start fast.
 */
import { buildCode } from '../bundles.ts';
import { stageNames } from '../workspace.ts';
import { main } from './main.ts';
import { readOptions } from './options.ts';

const COMMANDS = {
  runs: 'shared/runs/src/cli/runs.ts',
  compare: 'shared/runs/src/cli/compare.ts',
  report: 'shared/runs/src/cli/report.ts',
  diff: 'shared/runs/src/cli/diff.ts',
  name: 'shared/runs/src/cli/name.ts',
  forget: 'shared/runs/src/cli/forget.ts',
  gc: 'shared/pipeline/src/cli/gc.ts',
  watch: 'shared/pipeline/src/cli/watch.ts',
  arrowsmith: 'shared/cli/src/arrowsmith.ts',
  generate: 'shared/inference/src/cli/generate.ts',
  serve: 'shared/server/src/cli/serve.ts',
  chat: 'shared/inference/src/cli/chat.ts',
  'export-model': 'shared/inference/src/cli/export.ts', // `export` is a stage
  'evaluate-text': 'shared/inference/src/cli/evaluate.ts', // and so is `evaluate`
};

await main(async (workspace) => {
  readOptions({
    name: 'build',
    description:
      'Bundles every stage and command and writes the identity of its code; every run does that where sources have changed.',
    options: {},
    example: '',
  });
  await buildCode(workspace, await stageNames(workspace.root), COMMANDS);
});
