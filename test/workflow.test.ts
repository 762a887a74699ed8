/** @file What the workflow of GitHub runs: actions by digest, every version of Node that has fixes, and a Mac. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY } from './support/workspace.ts';

interface Step {
  run?: string;
  if?: string;
  'continue-on-error'?: boolean;
}

const text = readFileSync(join(REPOSITORY, '.github/workflows/ci.yml'), 'utf8');

test('every action is pinned by the digest of a commit, the same one everywhere, and says its version', () => {
  const used = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action!);
  expect(used.length).toBeGreaterThan(5);
  for (const action of used) expect(action).toMatch(/^[\w-]+(\/[\w-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  const repositories = new Map<string, Set<string>>();
  for (const action of used) {
    const [name = '', digest = ''] = action.split('@');
    const repository = name.split('/').slice(0, 2).join('/');
    repositories.set(repository, (repositories.get(repository) ?? new Set()).add(digest));
  }
  expect([...repositories].filter(([, digests]) => digests.size > 1)).toEqual([]);
});

test('tests run on Linux with Node 22, 24 and 26, and on a Mac', () => {
  const { jobs } = parse(text) as {
    jobs: { test: { strategy: { matrix: { os: string[]; node: number[]; include: { os: string; node: number }[] } } } };
  };
  const { os, node, include } = jobs.test.strategy.matrix;
  expect([os, node]).toEqual([['ubuntu-latest'], [22, 24, 26]]);
  expect(include.map((each) => each.os)).toEqual(['macos-latest']);
});

test('on a Mac, the backend webgpu is tested and measured; a runner without a graphics processor does not fail by being measured', () => {
  const { jobs } = parse(text) as {
    jobs: { webgpu: { strategy: { matrix: { include: { os: string; adapter: string }[] } }; steps: Step[] } };
  };
  const { strategy, steps } = jobs.webgpu;
  expect(strategy.matrix.include).toContainEqual({ os: 'macos-latest', adapter: 'hardware' });
  expect(steps.map(({ run }) => run)).toContain('npm run --silent test:webgpu -- --adapter=${{ matrix.adapter }}');
  expect(steps.find(({ run }) => /bench -- webgpu\b/.test(run ?? ''))).toMatchObject({
    if: expect.stringContaining("matrix.adapter == 'hardware'"),
    'continue-on-error': true,
  });
});
