import { expect, test } from 'vitest';
import { substitutionNote } from './substitution-note.ts';

test('what stands in for something is said in lines that break between words', () => {
  const said = 'embedded corpus: the hub could not be reached (https://huggingface.co: ENOTFOUND)';
  expect(substitutionNote(said)).toBe(`!! ${said}`);
  expect(substitutionNote(said, 60)).toBe(
    '!! embedded corpus: the hub could not be reached\n(https://huggingface.co: ENOTFOUND)',
  );
});
