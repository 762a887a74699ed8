import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

test.each([
  ['cmpare', ['compare', 'report'], ['compare']],
  ['tniy', ['tiny', 'two'], ['tiny']], // two letters that changed places are one error
  ['stepz', ['steps', 'stop'], ['steps']],
  ['topKK', ['topK', 'topP'], ['topK']],
  ['Shake', ['smoke', 'shakespeare'], ['shakespeare']], // a beginning
  ['optimizer.learnRate', ['optimizer.learningRate'], ['optimizer.learningRate']],
  ['bitsPerByte', ['metrics.bitsPerByte', 'metrics.bits'], ['metrics.bitsPerByte']], // what follows a dot
  ['trians', ['strain', 'train', 'trains'], ['trains', 'train']],
])('%s is near %j in %j', (word, known, expected) => {
  expect(nearest(word, known).slice(0, expected.length)).toEqual(expected);
});

test.each([
  ['nope', ['code', 'name', 'topK', 'smoke']],
  ['train', ['pretrained']],
  ['gc', ['go']],
  ['x', ['xy', 'x1']],
])('%s has nothing to do with %j', (word, known) => {
  expect(nearest(word, known)).toEqual([]);
});
