import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('a command has the flags of the nx run that started it, and what it starts in turn has not', () => {
  const script = `
    import { commandFlags } from ${JSON.stringify(join(import.meta.dirname, 'main.ts'))};
    const flags = [commandFlags(), commandFlags()];
    console.log(JSON.stringify({ flags, inherited: process.env.ARROWSMITH_FLAGS ?? null }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, ARROWSMITH_FLAGS: '["--pipeline=tiny"]' },
  });
  expect(JSON.parse(stdout || stderr)).toEqual({
    flags: [['--pipeline=tiny'], ['--pipeline=tiny']], // whenever it asks
    inherited: null,
  });
});
