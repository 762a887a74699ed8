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

test('the verdict says whether pipelines can run', () => {
  expect(verdict(findings)).toBe('1 problem to mend before all pipelines can run');
  expect(verdict([finding('note', 'hub', 'unreachable', '')])).toContain('pipelines can run');
});
