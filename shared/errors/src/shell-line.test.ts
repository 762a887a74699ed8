import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellLine } from './shell-line.ts';

test('words are quoted where a shell needs it', () => {
  expect(shellLine(['npx', 'nx', 'run', 'train:tinystories', '--steps=200', '--lr=1e-3'])).toBe(
    'npx nx run train:tinystories --steps=200 --lr=1e-3',
  );
  expect(shellLine(['--prompt=Once upon a time'])).toBe(`--prompt='Once upon a time'`);
});

test.each([
  "it's",
  'a "b" $HOME `id`',
  '',
  '*',
  '~',
  '#x',
  '--where=a > 1 and not (b ~ "c")',
  '--prompts=["A cat"]',
  'ü',
])('a shell reads %j back as it was', (word) => {
  expect(execFileSync('sh', ['-c', `printf %s ${shellLine([word])}`], { encoding: 'utf8' })).toBe(word);
});
