/** @file Tests of the doctor as it is started. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Finding } from './doctor/finding.ts';

const REPOSITORY = join(import.meta.dirname, '..');

function doctor(args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/doctor.ts', ...args], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    // Nothing listens there: the test needs no network.
    env: { ...process.env, HF_ENDPOINT: 'http://127.0.0.1:9', HF_TOKEN: '', ARROWSMITH_BACKEND: '', ...env },
  });
  return { status, stdout, stderr };
}

test('with --json every finding is there, and the exit code says whether there is a problem', () => {
  const { status, stdout } = doctor(['smoke', 'two-sizes', '--json']);
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  expect(status).toBe(ok ? 0 : 1);
  expect(ok).toBe(findings.every(({ level }) => level !== 'problem'));
  const checks = new Set(findings.map(({ check }) => check));
  expect([...checks].filter((check) => check.startsWith('training'))).toEqual([
    'training smoke',
    'training small:two-sizes',
    'training large:two-sizes',
  ]);
  for (const check of [
    'Node',
    'npm',
    'git',
    'processor',
    'memory',
    'backend wasm',
    'store',
    'disk',
    'pipelines',
    'hub',
  ]) {
    expect(checks).toContain(check);
  }
});

test('a problem is one line of the report and exits with 1', () => {
  const { status, stdout } = doctor(['smoke'], { ARROWSMITH_BACKEND: 'gpu' });
  expect(status).toBe(1);
  expect(stdout).toMatch(/^problem +backend +ARROWSMITH_BACKEND=gpu +→ /m);
});

test('an unknown flag is refused', () => {
  expect(doctor(['--jsno'])).toMatchObject({ status: 1, stderr: expect.stringContaining('does not know --jsno') });
  const { status, stderr } = doctor(['tinystroies']);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /does not know tinystroies[^]*a pipeline: [^]*smoke, tinystories[^]*did you mean tinystories\?/,
  );
  expect(doctor(['nope']).stderr).toMatch(
    /does not know nope[^]*a pipeline: [^]*smoke[^]*to do: +npx arrowsmith doctor tinystories/,
  );
});
