/** @file Fuzzes what the store and the runner believe: manifests, memos and pointers. */
import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { blobPath, recall } from '@arrowsmith/artifacts';
import { pointerPath, readPointer } from '@arrowsmith/pipeline';
import { toyWorkspace } from '../../../shared/pipeline/src/testing/toy-stages.ts';
import { type Fuzzer, Refused } from '../harness.ts';

export const store: Fuzzer = {
  name: 'store',
  async prepare() {
    const { workspace, run } = toyWorkspace();
    await run('count');
    await run('double');
    const memo = join(workspace.store, 'memo');
    const keys = readdirSync(memo).map((name) => name.replace('.json', ''));
    const pointer = pointerPath(workspace, 'toy', 'double');
    const { run: record } = await readPointer(workspace, 'toy', 'double');
    const manifest = blobPath(workspace.store, record.manifest);
    return {
      guarded: true,
      files: [
        { path: manifest, kind: 'json' },
        ...keys.map((key) => ({ path: join(memo, `${key}.json`), kind: 'json' as const })),
        { path: join(pointer, 'manifest.json'), kind: 'json' },
        { path: join(pointer, 'run.json'), kind: 'json' },
        { path: realpathSync(join(pointer, 'number.arrow')), kind: 'bytes' },
      ],
      async read() {
        const problems: string[] = [];
        const found = [];
        for (const key of keys)
          found.push(await recall(workspace.store, key, { onProblem: (text) => problems.push(text) }));
        const read = await readPointer(workspace, 'toy', 'double', (line) => problems.push(line));
        if (problems.length > 0 || found.includes(undefined)) throw new Refused(problems.join('\n'));
        return [found, read];
      },
    };
  },
};
