import { tokenTrie } from '@arrowsmith/generation';
import { expect, test } from 'vitest';
import { OutputForms } from './output-form.ts';

const END = 256;
const bytes = Array.from({ length: END + 1 }, (_, id) => (id === END ? new Uint8Array() : Uint8Array.of(id)));
const forms = () => new OutputForms(() => tokenTrie(bytes), [END]);

/** Characters that may come first. */
function firsts(process: ReturnType<OutputForms['processor']>): string {
  const logits = new Float32Array(END + 1);
  process(logits, { prompt: [0], output: [] });
  return String.fromCharCode(...[...logits.keys()].filter((id) => logits[id] === 0));
}

test('a form excludes what it does not begin with', () => {
  expect(firsts(forms().processor({ regularExpression: '(cat|dog)' }))).toBe('cd');
  expect(firsts(forms().processor({ jsonSchema: { enum: [true, 1] } }))).toBe('1t');
});

test('the latest eight forms are kept, and are not made again', () => {
  const own = forms();
  const formOf = (i: number) => ({ jsonSchema: { const: i } });
  const made = Array.from({ length: 8 }, (_, i) => own.processor(formOf(i)));
  expect(own.processor(formOf(0))).toBe(made[0]);
  own.processor(formOf(8)); // in the place of 1, which was asked for longest ago
  expect(own.processor(formOf(0))).toBe(made[0]);
  expect(own.processor(formOf(1))).not.toBe(made[1]);
});

test('a form that has become large in use is made anew', () => {
  const own = forms();
  // Each position of a text is one of its own, of ever more states.
  const form = { regularExpression: '(a?){0,6000}' };
  const process = own.processor(form);
  expect(own.processor(form)).toBe(process);
  const output = Array.from({ length: 1500 }, () => 'a'.charCodeAt(0));
  process(new Float32Array(END + 1), { prompt: [0], output });
  expect(own.processor(form)).not.toBe(process);
});
