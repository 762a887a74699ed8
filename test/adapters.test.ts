/** @file Adapters through the real stages: trained, merged, evaluated, exported for PEFT and imported again; and what is refused. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors } from '@arrowsmith/formats';
import { readAdapter } from '@arrowsmith/quantization/adapter';
import { openModel, readModel } from '@arrowsmith/quantization/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectError, PARAMETERS, type RealChain, realChain } from './support/real-chain.ts';

let chain: RealChain;
beforeAll(async () => {
  chain = realChain();
  await chain.runUntil('train');
});
afterAll(() => chain.remove());

const artifact = (step: string, file: string): string => join(chain.workspace.root, 'artifacts/bad', step, file);
const bytes = (step: string, file: string): Buffer => readFileSync(artifact(step, file));

const ADAPT = { steps: 6, batchSize: 2, rank: 2, alpha: 4, optimizer: { learningRate: 0.05, warmupSteps: 0 } };
const other = (step: string, reads: Record<string, string[]>) => [undefined, { step, reads }] as const;

test('an adapter is an artifact of its own, and its model with it added is one like others', async () => {
  const before = bytes('train', 'weights.arrow');
  const { metrics, highlights } = await chain.run('adapt', ADAPT);
  expect(bytes('train', 'weights.arrow')).toEqual(before);
  // of q, o [16, 16], k, v [8, 16], and three of [16, 16], of one layer
  expect(metrics['parameters']).toBe(2 * (5 * (16 + 16) + 2 * (8 + 16)));
  expect(highlights['adapters']).toBe(
    'rank 2, alpha 4, of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj',
  );

  await chain.run('merge');
  const [base, merged] = [
    await readModel(artifact('train', 'weights.arrow')),
    await readModel(artifact('merge', 'weights.arrow')),
  ];
  const { weights } = await readAdapter(artifact('adapt', 'adapter.arrow'));
  const changed = Object.keys(base.weights).filter(
    (name) => !equal(base.weights[name]!.data, merged.weights[name]!.data),
  );
  expect(changed.map((name) => name.replace('.weight', '.lora_A.weight'))).toEqual(
    Object.keys(weights).filter((name) => name.includes('lora_A')),
  );

  const models = { models: ['train', 'merge'] };
  const { metrics: evaluated } = await chain.run('evaluate', {}, undefined, { reads: models });
  expect(evaluated['merge.bitsPerByte']).toBeLessThan(evaluated['train.bitsPerByte']!);
  expect(evaluated['merge.addedBitsPerByte']).toBeLessThan(0);
  await chain.run('quantize', {}, ...other('merge-int8', { model: ['merge'] }));
});

test('a quantized model is adapted as it is stored, and matrices without adapters stay so', async () => {
  await chain.run('quantize', { format: 'int8' });
  await chain.run(
    'adapt',
    { ...ADAPT, projections: ['q_proj', 'v_proj'] },
    ...other('adapt-int8', { model: ['quantize'] }),
  );
  await chain.run('merge', {}, ...other('adapted-int8', { model: ['quantize'], adapter: ['adapt-int8'] }));
  const [stored, merged] = [
    await openModel(artifact('quantize', 'weights.arrow')),
    await openModel(artifact('adapted-int8', 'weights.arrow')),
  ];
  for (const { name, format, shape } of merged.sizes) {
    const isAdapted = /[qv]_proj\.weight$/.test(name);
    expect(format, name).toBe(isAdapted || shape.length === 1 ? 'f32' : 'int8');
    const bytesOf = (model: typeof merged) => (isAdapted ? undefined : model.read(name).bytes);
    expect(bytesOf(merged), name).toEqual(bytesOf(stored));
  }
  // It was trained beside other numbers than those before quantization.
  const reads = { adapter: ['adapt-int8'] };
  await expectError(
    chain,
    'wrong',
    chain.run('merge', {}, ...other('wrong', reads)),
    /another model than that of train/,
    /otherBase: true/,
  );
  await chain.run('merge', { otherBase: true }, ...other('wrong', reads));
});

// of the adapter of the first test
test('an adapter goes to PEFT, and comes from it with the same numbers', async () => {
  await chain.run('export', { name: 'stories' }, ...other('export', { adapter: ['adapt'] }));
  const { tensors } = await openSafetensors(artifact('export', 'adapter_model.safetensors'));
  expect(tensors.get('base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight')).toMatchObject({
    shape: [8, 2],
  });
  const config = JSON.parse(bytes('export', 'adapter_config.json').toString()) as object;
  expect(config).toMatchObject({ peft_type: 'LORA', r: 2, lora_alpha: 4, base_model_name_or_path: 'stories' });

  cpSync(artifact('export', '.'), join(chain.workspace.root, 'peft'), { recursive: true, dereference: true });
  await chain.run('import-adapter', { path: 'peft' });
  expect(bytes('import-adapter', 'adapter.arrow')).toEqual(bytes('adapt', 'adapter.arrow'));
  await expectError(
    chain,
    'gguf',
    chain.run('export', { format: 'gguf' }, ...other('gguf', { adapter: ['adapt'] })),
    /no adapters/,
    /merge/,
  );
  await expectError(
    chain,
    'missing',
    chain.run('import-adapter', { path: 'nowhere' }, ...other('missing', {})),
    /adapter_config\.json/,
    /no such file/,
  );
});

test.each([
  [{ rank: 9 }, [/rank/, /at most 8/, /k_proj is \[8, 16\]/]],
  [{ projections: ['q_proj', 'c_attn'] }, [/beside c_attn/, /q_proj, k_proj, v_proj/]],
])('what the model cannot have is refused: %j', async (changes, messages) => {
  await expectError(
    chain,
    'refused',
    chain.run('adapt', { ...ADAPT, ...changes }, ...other('refused', {})),
    ...messages,
  );
});

test('a nested model is refused, with what to do', async () => {
  const { steps, batchSize, model } = PARAMETERS.train;
  const nested = { ...model, matformer: { granularities: 2 } };
  await chain.run('train', { steps, batchSize, model: nested }, ...other('nested', {}));
  const running = chain.run('adapt', ADAPT, ...other('refused', { model: ['nested'] }));
  await expectError(chain, 'refused', running, /nested/, /extract/);
});

const equal = (a: Float32Array, b: Float32Array): boolean => a.every((value, i) => value === b[i]);
