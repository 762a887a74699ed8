import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { resumableRun } from './testing/resumable-run.ts';

const script = fileURLToPath(new URL('./testing/resumable-run.ts', import.meta.url));

/** Runs the script, kills it when `moment` has come, and returns its lines. */
async function runAndKill(directory: string, moment?: (step: number) => Promise<void>): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (moment === undefined || !line.startsWith('step ')) continue;
    // A moment that has not come yet stays pending until a later step.
    const step = Number(line.slice('step '.length));
    void moment(step).then(() => child.kill('SIGKILL'));
  }
  return lines;
}

const never = new Promise<void>(() => undefined);

test('a run killed again and again ends with the bytes of one that was never disturbed', async () => {
  const root = await mkdtemp(join(tmpdir(), 'resume-'));
  try {
    const directory = join(root, 'killed');
    const isSaving = () => readdirSync(directory).some((name) => name.endsWith('.tmp'));
    const moments: ((step: number) => Promise<void>)[] = [
      // while a checkpoint is being written
      async (step) => {
        if (step < 5) return never;
        while (!isSaving()) await setImmediate();
      },
      // somewhere in a step, its validation or its checkpoint
      (step) => (step < 12 ? never : setTimeout(3)),
      // at the end of a step
      (step) => (step < 20 ? never : Promise.resolve()),
    ];
    for (const moment of moments) {
      const lines = await runAndKill(directory, moment);
      expect(lines.at(-1)).toMatch(/^step \d+$/);
    }
    const lines = await runAndKill(directory);
    const firstStep = Number(/^step (\d+)$/.exec(lines[0]!)![1]);
    expect(firstStep).toBeGreaterThanOrEqual(20);
    expect(readdirSync(directory)).toEqual(['step-00000029.arrow', 'step-00000030.arrow']);
    expect(lines.at(-1)).toBe(await resumableRun(join(root, 'undisturbed'), () => undefined));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}, 180_000);
