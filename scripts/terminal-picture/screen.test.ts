import { expect, test } from 'vitest';
import { replay, type Screen, textOf } from './screen.ts';

const texts = (screen: Screen): string[] => screen.map(textOf);

test('a line that redraws itself shows what was written last', () => {
  const { end } = replay('before\n\r\u001b[Ktrain 10%, a long line\r\u001b[Ktrain 20%\r\nafter', 80);
  expect(texts(end)).toEqual(['before', 'train 20%', 'after']);
});

test('text without an erase is overwritten as far as the new text goes', () => {
  expect(texts(replay('abcdef\rXY', 80).end)).toEqual(['XYcdef']);
});

test('screens are kept when a row first matches, in the order asked for', () => {
  const { at } = replay('\r\u001b[K1%\r\u001b[K50%\ndone 1%\r\u001b[K99%', 80, [/^1%/, /^50%/, /^99%/, /^100%/]);
  expect(at.map((screen) => textOf(screen.at(-1)!))).toEqual(['1%', '50%', '99%']);
});

test('rows end where the terminal does, and characters count as such', () => {
  expect(texts(replay('⠉⠒é12', 4).end)).toEqual(['⠉⠒é1', '2']);
});

test('colours and brightness belong to cells; other sequences leave no trace', () => {
  const { end } = replay('\u001b]0;title\u0007\u001b[?25l\u001b[1;36mNX\u001b[39m\u001b[22m plain\u001b[7m!', 80);
  const [row] = end;
  expect(textOf(row!)).toBe('NX plain!');
  expect(row!.map(({ look: { bold, colour, inverse } }) => [bold, colour, inverse])).toEqual([
    ...Array.from('NX', () => [true, 6, false]),
    ...Array.from(' plain', () => [false, undefined, false]),
    [false, undefined, true],
  ]);
});

test('a sequence that is cut off at the end is no text', () => {
  expect(texts(replay('a\u001b', 80).end)).toEqual(['a']);
});
