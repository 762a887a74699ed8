/** @file Tests of the check of npm's registry, with a registry that answers as told. */
import { expect, test } from 'vitest';
import type { PackageSource } from '@arrowsmith/corpus';
import type { PipelineSource } from './pipelines.ts';
import { checkRegistry } from './registry.ts';

const integrity = `sha512-${'A'.repeat(86)}==`;
const pinned = (name: string) => ({ name, version: '1.0.0', integrity, train: 'a.txt' });
const source: PackageSource = {
  type: 'package',
  packages: [pinned('one'), pinned('two')],
  validationShare: 0.1,
  whenUnreachable: 'fail',
  embedded: { stories: 1, validationStories: 1, seed: 1 },
};

async function ask(answer: (url: string) => Response, of: Partial<PackageSource> = {}) {
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request) => {
    asked.push(String(url));
    return answer(String(url));
  };
  const sources: PipelineSource[] = [{ pipeline: 'stories', source: { ...source, ...of } }];
  const env = { npm_config_registry: 'http://mirror.example/npm', HOME: '/nonexistent' };
  return { findings: await checkRegistry(sources, { root: '/nonexistent', env, fetch }), asked };
}

const found = () =>
  new Response(
    JSON.stringify({ versions: { '1.0.0': { dist: { tarball: 'http://mirror.example/x.tgz', integrity } } } }),
  );

test("a registry with the pinned packages is fine, and is the one of npm's configuration", async () => {
  const { findings, asked } = await ask(found);
  expect(findings).toMatchObject([{ level: 'ok', what: 'one@1.0.0, two@1.0.0' }]);
  expect(asked).toEqual(['http://mirror.example/npm/one', 'http://mirror.example/npm/two']);
});

test('without a network the finding says why, and what the pipeline will do', async () => {
  const noNetwork = () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }) });
  };
  const { findings } = await ask(noNetwork);
  expect(findings).toMatchObject([{ level: 'note', what: 'unreachable (http://mirror.example/npm/: ENOTFOUND)' }]);
  expect(findings[0]!.means).toMatch(/stories stops at its download/);
  const { findings: replaced } = await ask(noNetwork, { whenUnreachable: 'embedded' });
  expect(replaced[0]!.means).toMatch(/stories uses the embedded corpus/);
});

test('a package that is not there is a problem', async () => {
  const { findings } = await ask((url) => (url.endsWith('two') ? new Response('{}', { status: 404 }) : found()));
  expect(findings).toMatchObject([{ level: 'problem' }]);
  expect(findings[0]!.means).toMatch(/two@1\.0\.0: not found in the npm registry/);
});

test('nothing is said where no pipeline reads packages', async () => {
  expect(await checkRegistry([], { root: '/', env: {} })).toEqual([]);
});
