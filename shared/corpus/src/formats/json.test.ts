/** @file JSON Lines, arrays and objects over lines: what is a document, what is left out, what is an error. */

import { describe, expect, test } from 'vitest';
import { collect, scratchFile } from '../testing/scratch.ts';
import { readJson } from './json.ts';

interface Reading {
  field?: string;
  cut?: boolean;
  conversation?: { turn: string; between: string };
  onLeftOut?: (reason: string) => void;
  onInvalidUtf8?: (place: string, replacements: number) => void;
}

async function read(content: string | Uint8Array, options: Reading = {}): Promise<string[]> {
  const { field = 'text', cut = false, conversation, ...more } = options;
  return (await collect(readJson(await scratchFile(content, cut), { field, conversation }, more))).flat();
}

async function leftOut(content: string, options: Reading = {}): Promise<string[]> {
  const reasons: string[] = [];
  await read(content, { ...options, onLeftOut: (reason) => reasons.push(reason) });
  return reasons;
}

test('the field of each line is a document, exactly as JSON spells it', async () => {
  const documents = ['One.\n', ' café 🐉 \u2028', 'a\\b"c'];
  expect(await read(documents.map((text) => JSON.stringify({ text, id: 1 })).join('\n'))).toEqual(documents);
  expect(await read('{"text":"\\u0063af\\u00e9 \\ud83d\\udc09"}\r\n')).toEqual(['café 🐉']);
  expect(await read('{"story":"One."}', { field: 'story' })).toEqual(['One.']);
});

test('blank lines, nulls, empty texts and records without the field are no documents, and all but blank lines are told', async () => {
  const lines = '\n{"text":"a"}\n\n{"text":null}\n{"text":""}\n  \n{"id":1}\n{"text":"b"}\n';
  expect(await read(lines)).toEqual(['a', 'b']);
  expect(await leftOut(lines)).toEqual(['null', 'empty', 'missing']);
});

test('NaN and Infinity outside of strings, as Python writes them, are null', async () => {
  expect(await read('{"text":"a NaN \\" NaN","x":NaN,"y":[-Infinity,Infinity]}')).toEqual(['a NaN " NaN']);
  expect(await leftOut('{"text":NaN}\n{"text":"a"}')).toEqual(['null']);
  await expect(read('{"text":"a","x":NaNa}')).rejects.toThrow(/corpus\.txt:1: not JSON/);
});

test('a field may lie in objects and lists, and a name with a dot in it comes first', async () => {
  expect(await read('{"data":{"text":"a"}}', { field: 'data.text' })).toEqual(['a']);
  expect(await read('{"data":{"text":"a"},"data.text":"b"}', { field: 'data.text' })).toEqual(['b']);
  expect(await read('{"turns":[{"value":"a"},{"value":"b"}]}', { field: 'turns.1.value' })).toEqual(['b']);
  const lines = '{"data":{}}\n{"data":null}\n{"data":"x"}\n{"data":{"text":null}}';
  expect(await leftOut(lines, { field: 'data.text' })).toEqual(['missing', 'null', 'missing', 'null']);
});

const records = [
  { text: 'One, [two] {three} "four" \\ \\"', id: 1 },
  { text: ']' },
  { text: 'caf\u00e9 \ud83d\udc09', tags: ['[', '"'] },
];
const texts = records.map(({ text }) => text);

test('arrays and objects over any lines have the same documents as JSON Lines', async () => {
  expect(await read(JSON.stringify(records))).toEqual(texts);
  expect(await read(`\ufeff ${JSON.stringify(records, undefined, 2)}\n`)).toEqual(texts);
  expect(await read(records.map((record) => JSON.stringify(record, undefined, 1)).join('\n'))).toEqual(texts);
  expect(await read(records.map((record) => JSON.stringify(record, undefined, 1)).join(''))).toEqual(texts);
  expect(await read('{ "text": "a"\r\n}\r\n{ "text": "b"\n, "id": 1 }')).toEqual(['a', 'b']);
  expect(await read(JSON.stringify(texts))).toEqual(texts);
  expect(await read(texts.map((text) => JSON.stringify(text)).join('\n'))).toEqual(texts);
  expect(await read('[]')).toEqual([]);
});

test('elements longer than a read, and at every place of its end, are found', async () => {
  for (const length of [2 ** 20 - 12, 2 ** 20 - 11, 2 ** 20 - 10, 2 ** 20 - 9, 3 * 2 ** 20]) {
    const long = ['a'.repeat(length), '\\"', 'b'];
    expect(await read(JSON.stringify(long.map((text) => ({ text }))))).toEqual(long);
  }
});

test('a value that is cut is dropped from an array, and an array without an end is an error where nothing was cut', async () => {
  const whole = JSON.stringify(records);
  for (const end of [whole.length - 1, whole.length - 5, whole.indexOf(',{"text":"caf') + 1]) {
    expect(await read(whole.slice(0, end), { cut: true })).toEqual(texts.slice(0, 2));
    await expect(read(whole.slice(0, end))).rejects.toThrow(/corpus\.txt:1: not JSON: the file ends within/);
  }
});

test.each([
  ['a missing element', '[{"text":"a"},,{"text":"b"}]', /:1: not JSON: an element/],
  ['a comma before the end', '[{"text":"a"},\n]', /:2: not JSON: an element/],
  ['a bracket too many', '[{"text":"a"}]]', /:1: not JSON: something follows/],
  ['an array in each line', '["a"]\n["b"]', /:2: not JSON: something follows/],
  ['a comma after each line', '{"text":"a"},\n{"text":"b"},\n', /:1: not JSON/],
  ['no comma between elements', '[{"text":"a"}\n{"text":"b"}]', /:1: not JSON/],
  ['brackets that do not fit', '{\n"text":"a"]}', /:1: not JSON/],
  ['a number among the elements', '[{"text":"a"},\n\n 5]', /:3: not a JSON object/],
])('an array with %s is an error with its line', async (_, content, message) => {
  await expect(read(content)).rejects.toThrow(message);
});

test('JSON a million deep is read as any other', async () => {
  const deep = `{"text":"a","x":${'['.repeat(1e6)}${']'.repeat(1e6)}}`;
  expect(await read(`${deep}\n${deep}`)).toEqual(['a', 'a']);
  expect(await read(`[${deep}]`)).toEqual(['a']);
});

test('a lone surrogate is replaced and told where that is asked for', async () => {
  const told: unknown[] = [];
  const onInvalidUtf8 = (...replaced: unknown[]) => void told.push(replaced);
  expect(await read('{"text":"a"}\n{"text":"\\ud83d b \\udc09"}', { onInvalidUtf8 })).toEqual(['a', '\ufffd b \ufffd']);
  expect(told).toEqual([['corpus.txt:2', 2]]);
});

describe('conversations', () => {
  const conversation = { turn: '{role}: {content}', between: '\n\n' };
  const chat = (...turns: unknown[]) => JSON.stringify({ messages: turns });
  const readChat = (line: string, template = conversation) => read(line, { field: 'messages', conversation: template });

  test('become one text by their template, whichever names their parts have', async () => {
    const [question, answer] = [
      { role: 'user', content: 'Hi $& {role}' },
      { role: 'assistant', content: 'Hello.' },
    ];
    expect(await readChat(chat(question, answer))).toEqual(['user: Hi $& {role}\n\nassistant: Hello.']);
    expect(await readChat(chat({ from: 'human', value: 'Hi' }, { from: 'gpt', value: 'Yes?' }))).toEqual([
      'human: Hi\n\ngpt: Yes?',
    ]);
    const chatml = { turn: '<|im_start|>{role}\n{content}<|im_end|>', between: '\n' };
    expect(await readChat(chat(answer, answer), chatml)).toEqual([
      '<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>',
    ]);
  });

  test('may have turns that say nothing, or in parts', async () => {
    const parts = {
      role: 'user',
      content: [{ type: 'text', text: 'What' }, { type: 'image_url' }, { type: 'text', text: '?' }],
    };
    expect(await readChat(chat(parts, { role: 'assistant', content: null, tool_calls: [] }))).toEqual(['user: What?']);
    expect(await readChat('{"messages":[]}')).toEqual([]);
  });

  test.each([
    ['without the template', '{"messages":[{"role":"user","content":"Hi"}]}', undefined, /set conversation: \{\}/],
    ['that are no list', '{"messages":"Hi"}', conversation, /:1: not a conversation[^]*type string/],
    ['of strings', '{"messages":["Hi"]}', conversation, /:1, turn 1: not a conversation/],
    ['without a role', '{"messages":[{"content":"Hi"}]}', conversation, /turn 1: not a conversation[^]*no role/],
  ])('%s are an error', async (_, line, template, message) => {
    await expect(read(line, { field: 'messages', ...(template && { conversation: template }) })).rejects.toThrow(
      message,
    );
  });
});

test.each([
  ['not JSON', '{"text":"a"}\n{"text": a}\n', /corpus\.txt:2: not JSON/],
  ['not an object', '5\n', /corpus\.txt:1: not a JSON object/],
  [
    'an object in the field',
    '{"text":{"en":"a"}}',
    /:1: no text in the field "text"[^]*fields en[^]*that holds text: text\.en/,
  ],
  ['a number', '{"text":1}', /corpus\.txt:1: no text[^]*type number/],
  ['half a surrogate pair', '{"text":"\\ud83d"}', /corpus\.txt:1: the text is not Unicode/],
])('a line that is %s is an error that names it', async (_, content, message) => {
  await expect(read(content)).rejects.toThrow(message);
});

test('a field that every object inherits is not taken for one', async () => {
  for (const field of ['constructor', '__proto__', 'toString.name']) {
    expect(await leftOut('{"id":1}', { field })).toEqual(['missing']);
  }
});

test('bytes that are not UTF-8 are reported with their place', async () => {
  const bytes = Buffer.concat([Buffer.from('{"text":"a"}\n{"text":"'), Buffer.from([0xe9]), Buffer.from('"}')]);
  await expect(read(bytes)).rejects.toThrow('corpus.txt, byte 22');
});

test('the line that is cut is dropped', async () => {
  expect(await read('{"text":"a"}\n{"te', { cut: true })).toEqual(['a']);
});
