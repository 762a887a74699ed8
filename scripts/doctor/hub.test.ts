/** @file Tests of the check of the hub, with a hub that answers as told. */
import { expect, test } from 'vitest';
import type { HubSource } from '@arrowsmith/corpus';
import { checkHub } from './hub.ts';
import type { PipelineSource } from './pipelines.ts';

const SHA256 = 'a'.repeat(64);
const source: HubSource = {
  type: 'hub',
  repository: 'datasets/someone/stories',
  revision: 'f'.repeat(40),
  train: { path: 'train.txt', bytes: 1000, sha256: SHA256 },
  validationShare: 0.1,
  whenUnreachable: 'fail',
  embedded: { stories: 1, validationStories: 1, seed: 1 },
};
const sources: PipelineSource[] = [
  { pipeline: 'stories', source },
  { pipeline: 'fallback', source: { ...source, whenUnreachable: 'embedded' } },
];

/** Asks a hub that is `answer`, and counts the requests. */
async function ask(answer: () => Response, env: Record<string, string> = {}, of: PipelineSource[] = sources) {
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request) => {
    asked.push(String(url));
    return answer();
  };
  return { findings: await checkHub(of, { root: '/', env, fetch }), asked };
}

const found = () =>
  new Response('x', {
    status: 206,
    headers: { 'content-range': 'bytes 0-0/1000', etag: '"e"', 'x-linked-etag': `"${SHA256}"` },
  });
const refusal = () => new Response('{"error":"gated"}', { status: 403 });
const noNetwork = () => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }) });
};

test('a hub with the pinned file is fine, and is asked once for two pipelines of one repository', async () => {
  const { findings, asked } = await ask(found);
  expect(findings).toMatchObject([{ level: 'ok', what: 'datasets/someone/stories' }]);
  expect(findings[0]!.means).toContain('stories, fallback');
  expect(asked).toHaveLength(1);
});

test('HF_ENDPOINT is the hub that is asked', async () => {
  const { asked } = await ask(found, { HF_ENDPOINT: 'http://mirror.example/' });
  expect(asked[0]).toMatch(/^http:\/\/mirror\.example\/datasets\/someone\/stories\//);
});

test('without a network the finding says why, and what each pipeline will do', async () => {
  const { findings } = await ask(noNetwork);
  expect(findings).toMatchObject([{ level: 'note', what: 'unreachable (https://huggingface.co: ENOTFOUND)' }]);
  expect(findings[0]!.means).toMatch(/stories stops at its download.*; fallback uses the embedded corpus/);
});

test('a hub that refuses is a problem, and a token is never printed', async () => {
  const { findings } = await ask(refusal, { HF_TOKEN: 'hf_secretsecret' });
  expect(findings).toMatchObject([{ level: 'problem' }]);
  expect(findings[0]!.means).toContain('refuses access');
  const { findings: fine } = await ask(found, { HF_TOKEN: 'hf_secretsecret' });
  expect(fine[0]!.means).toContain('HF_TOKEN is set');
  expect(JSON.stringify([findings, fine])).not.toContain('secret');
});

test('the hub is not asked when no pipeline reads from it', async () => {
  const { findings, asked } = await ask(found, {}, [
    { pipeline: 'smoke', source: { type: 'embedded', stories: 1, validationStories: 1, seed: 1 } },
  ]);
  expect(findings).toMatchObject([{ level: 'ok', what: 'not asked' }]);
  expect(asked).toEqual([]);
});
