import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readJsonObject } from './read-json.ts';
import { UserError } from './user-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'read-json-'));
afterAll(() => rmSync(folder, { recursive: true }));
const problem = { what: 'the settings cannot be read', expected: 'a JSON object', fix: 'write one' };

test('an object is read', async () => {
  const path = join(folder, 'good.json');
  writeFileSync(path, '{"a": [1]}');
  expect(await readJsonObject(path, problem)).toEqual({ a: [1] });
});

test.each([
  ['no file', undefined, 'ENOENT'],
  ['a file that ends too soon', '{"a": ', 'JSON'],
  ['another value', '[1]', 'not an object'],
  ['null', 'null', 'not an object'],
  ['a file that is too large', `{"a": "${'x'.repeat(100)}"}`, 'more than 50'],
])('%s is an error that says where and what', async (name, text, found) => {
  const path = join(folder, `${name}.json`);
  if (text !== undefined) writeFileSync(path, text);
  const work = readJsonObject(path, { ...problem, mostBytes: 50 });
  await expect(work).rejects.toThrow(UserError);
  await expect(work).rejects.toThrow(problem.what);
  await expect(work).rejects.toThrow(path);
  await expect(work).rejects.toThrow(found);
});
