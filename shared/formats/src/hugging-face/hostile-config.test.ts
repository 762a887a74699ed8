/** @file Every field of every fixture's config.json with every value of a list that a file may hold: a configuration, or one clear error. */
import { readFileSync } from 'node:fs';
import { UserError } from '@arrowsmith/errors';
import { describe, expect, test } from 'vitest';
import { architectures, configOfFields } from './architectures.ts';
import { configFields } from './config-fields.ts';
import { configTable, type ArchitectureName } from './config-table.ts';

type Json = Record<string, unknown>;

const FIXTURES: Record<ArchitectureName, string> = {
  LlamaForCausalLM: 'llama3-yarn',
  MistralForCausalLM: 'mistral',
  Qwen2ForCausalLM: 'qwen2',
  Qwen3ForCausalLM: 'qwen3',
  Qwen3MoeForCausalLM: 'qwen3-moe-mixed',
  SmolLM3ForCausalLM: 'smollm3',
  Phi3ForCausalLM: 'phi3',
  Cohere2ForCausalLM: 'command-a',
  Gemma2ForCausalLM: 'gemma2',
  Gemma3ForCausalLM: 'gemma3',
  Gemma3nForCausalLM: 'gemma3n',
  Llama4ForCausalLM: 'llama4',
};

const VALUES = (
  [
    [null, true, false, 0, 1, 2, 3, 7, -1, -0, 0.5, 1e-320, 1e9, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 1e308, -1e308],
    ['', 'constructor', '__proto__', 'toString', 'silu', '1', '\u001b[2J', 'x'.repeat(1000)],
    [[], [0], [1], [-1], [1e9], ['constructor'], ['full_attention'], [null], [[]], [0.5], Array(1000).fill(1)],
    [
      {},
      { constructor: 1 },
      { rope_type: 'constructor' },
      { rope_type: 'yarn' },
      { rope_theta: 0 },
      { type: 'linear' },
    ],
    [
      { rope_type: 'linear', factor: 1e308 },
      { rope_type: 'yarn', factor: 1e-9, original_max_position_embeddings: 1 },
      { full_attention: { rope_type: 'llama3' }, sliding_attention: null },
      { full_attention: 1 },
    ],
  ] as unknown[][]
).flat();

/** What cannot be in a configuration that a decoder runs. */
function faults(value: unknown, path = ''): string[] {
  if (typeof value === 'number' && !Number.isFinite(value)) return [`${path} is ${value}`];
  if (typeof value === 'function') return [`${path} is a function`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => faults(inner, `${path}.${key}`));
}

function outcome(name: ArchitectureName, json: Json): string[] {
  try {
    return faults(configOfFields(architectures.get(name)!, configFields(json, 'config.json', name)));
  } catch (error) {
    if (!(error instanceof UserError)) return [String(error)];
    const { message } = error;
    // eslint-disable-next-line no-control-regex
    return message.length < 2000 && !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(message)
      ? []
      : [`message ${JSON.stringify(message)}`];
  }
}

describe.each(Object.entries(FIXTURES) as [ArchitectureName, string][])('%s', (name, fixture) => {
  const json = JSON.parse(readFileSync(`test/fixtures/families/${fixture}/config.json`, 'utf8')) as Json;
  const fields = [
    ...new Set([...Object.keys(json), ...Object.keys(configTable[name]), 'unheard_of', '\u001b[31m', 'x'.repeat(1e5)]),
  ];

  test('has no field whose value gives anything but a configuration or a clear error', () => {
    const found = fields.flatMap((field) =>
      VALUES.flatMap((value) =>
        outcome(name, { ...json, [field]: value }).map((fault) => `${field} ${JSON.stringify(value)}: ${fault}`),
      ),
    );
    expect(found.slice(0, 10)).toEqual([]);
  });

  test('has no field whose absence does', () => {
    const found = fields.flatMap((field) =>
      outcome(name, Object.fromEntries(Object.entries(json).filter(([key]) => key !== field))),
    );
    expect(found).toEqual([]);
  });
});
