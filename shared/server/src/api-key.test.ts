import { expect, test } from 'vitest';
import { readApiKey } from './api-key.ts';
import { createApp } from './app.ts';
import { Models } from './models.ts';

test('the key is that of the option, else that of the environment, else none is needed', () => {
  expect(readApiKey('abc', 'other')).toBe('abc');
  expect(readApiKey(undefined, 'my key')).toBe('my key');
  expect(readApiKey(undefined, undefined)).toBeUndefined();
});

test.each([
  ['', undefined, '--apiKey'],
  ['', 'abc', '--apiKey'],
  [undefined, '', 'ARROWSMITH_API_KEY'],
])('an empty key is no key, and does not open the server: %j, %j', (option, variable, where) => {
  expect(() => readApiKey(option, variable)).toThrow(where);
});

test.each([' ', 'abc ', '\tabc', 'abc\n', 'ключ'])('a key that no client can send is refused: %j', (key) => {
  expect(() => readApiKey(key, undefined)).toThrow('printable ASCII');
});

test('a key that is refused is not repeated', () => {
  expect(() => readApiKey(undefined, 'secret\n')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret') }),
  );
});

test('a program cannot open the server by an empty key either', () => {
  const models = new Models([{ id: 'tiny', created: 0, load: () => Promise.reject(new Error('never')) }]);
  expect(() => createApp(models, { apiKey: '' })).toThrow('this is no API key');
});
