import { expect, test } from 'vitest';
import { chooseEndOfText } from './end-of-text.ts';

test('a text ends with the usual token, the first where there is none such, or the one that was asked for', () => {
  const tokens = (...contents: string[]) => ({ specialTokens: contents.map((content, id) => ({ content, id })) });
  expect(chooseEndOfText(tokens('<|begin_of_text|>', '<|end_of_text|>'), undefined, { where: 'x.endOfText' })).toBe(
    '<|end_of_text|>',
  );
  expect(chooseEndOfText(tokens('<pad>', '<|im_end|>', '<|endoftext|>'), undefined, { where: 'x.endOfText' })).toBe(
    '<|endoftext|>',
  );
  expect(chooseEndOfText(tokens('<pad>', '<end>'), undefined, { where: 'x.endOfText' })).toBe('<pad>');
  const said = ['<none>', '<end>'];
  expect(chooseEndOfText(tokens('<pad>', '<end>'), undefined, { where: 'x.endOfText', said })).toBe('<end>');
  expect(chooseEndOfText(tokens(), undefined, { where: 'x.endOfText' })).toBe('');
  expect(chooseEndOfText(tokens('<pad>', '<end>'), '<end>', { where: 'x.endOfText' })).toBe('<end>');
  expect(() => chooseEndOfText(tokens('<pad>'), '<end>', { where: 'x.endOfText' })).toThrow(/"<end>"[^]*one of <pad>/);
});
