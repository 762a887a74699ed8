/** @file `scripts/check-artifacts.py`: what it knows of the tables, and what it says of fresh and of damaged artifacts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realChain, type RealChain } from './support/real-chain.ts';
import { REPOSITORY } from './support/workspace.ts';

const script = join(REPOSITORY, 'scripts/check-artifacts.py');
const committed = JSON.parse(readFileSync(join(REPOSITORY, 'scripts/artifact-kinds.json'), 'utf8')) as Record<
  string,
  { version: string; columns: { name: string }[] }
>;

test('the kinds that it knows are those of kinds.ts; `npm run schema` writes them', () => {
  const print =
    "import { artifactKinds } from './scripts/artifact-kinds.ts'; console.log(JSON.stringify(artifactKinds()))";
  const made = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', print], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  expect(committed).toEqual(JSON.parse(made));
  const source = readFileSync(join(REPOSITORY, 'shared/artifacts/src/tables/kinds.ts'), 'utf8');
  const versions = [...source.matchAll(/kind: '([a-z-]+)',\s+version: '(\d+)'/g)].map(([, kind, version]) => [
    kind,
    version,
  ]);
  expect(Object.entries(committed).map(([kind, { version }]) => [kind, version])).toEqual(versions.sort());
  expect(committed['training-log']!.columns.map(({ name }) => name)).toContain('loadImbalance');
});

/** A Python that has pyarrow: the environment variable PYTHON names it, else it is python3. */
const python = [process.env['PYTHON'], 'python3']
  .filter((command) => command !== undefined)
  .find((command) => spawnSync(command, ['-c', 'import pyarrow']).status === 0);

describe.skipIf(python === undefined)('with pyarrow (skipped where neither PYTHON nor python3 has it)', () => {
  let chain: RealChain;
  beforeAll(async () => {
    chain = realChain();
    await chain.runUntil('evaluate');
  });
  afterAll(() => chain.remove());

  const check = () => {
    const { status, stdout, stderr } = spawnSync(python!, [script, join(chain.workspace.root, 'artifacts/bad')], {
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  };

  test.each(['packed', 'documents', 'windows'])(
    'a fresh run whose rows are %s passes, all tables of it',
    async (mode) => {
      await chain.run('chunk', { mode });
      const { status, output } = check();
      expect(output).not.toMatch(/FAIL|Traceback/);
      expect(status).toBe(0);
      for (const table of ['train/log.arrow', 'train/speed.arrow', 'evaluate/metrics.arrow'])
        expect(output).toMatch(`ok  ${table}`);
    },
  );

  test('models of experts and nested ones pass, too', async () => {
    const train = async (model: object) => {
      const sizes = { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 16 };
      await chain.run('train', { model: { ...sizes, ...model } });
      await chain.run('quantize');
      await chain.run('evaluate', { longContext: { factor: 2 } });
      return check();
    };
    const experts = await train({ moe: { experts: 4 } });
    expect(experts.output).toMatch('ok  train/experts.arrow');
    const nested = await train({ matformer: { granularities: 2 } });
    expect(nested.output).toMatch('ok  evaluate/nested.arrow');
    expect(nested.output).toMatch('ok  evaluate/long-context.arrow');
    expect([experts.status, nested.status]).toEqual([0, 0]);
  });

  test('a table whose bytes changed fails, by name', () => {
    const folder = join(chain.workspace.root, 'artifacts/bad/train');
    const damage = (change: (bytes: Buffer) => Buffer) => {
      const path = join(folder, 'log.arrow');
      const bytes = readFileSync(path);
      rmSync(path);
      writeFileSync(path, change(Buffer.from(bytes)));
      return bytes;
    };
    const whole = damage((bytes) => bytes.subarray(0, bytes.length - 100));
    const { status, output } = check();
    expect(status).toBe(1);
    expect(output).toMatch(/FAIL {2}train\/log\.arrow: its sha256 is not the manifest's/);
    damage(() => whole);
    expect(check().status).toBe(0);
  });
});
