/** @file Tests that mistakes in options of `quantize` are found from parameters and wiring, before anything runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDeclarations } from '@arrowsmith/pipeline';
import { planRun } from '@arrowsmith/pipeline/request';
import { decoderConfig, modelParameters, parameterShapes } from '@arrowsmith/model';
import { formatForRows } from '@arrowsmith/quantization';
import { formatByName } from '@arrowsmith/quantization/format-rules';
import { beforeAll, expect, test } from 'vitest';

const root = new URL('../../..', import.meta.url).pathname;

let declarations: Awaited<ReturnType<typeof loadDeclarations>>;
beforeAll(async () => {
  declarations = await loadDeclarations(root);
});

/** What is wrong with a pipeline whose options are changed; undefined where nothing is. */
function problem(pipelineSet: string, name = 'smoke'): string | undefined {
  const { [name]: planned } = planRun({ root, declarations, pipelineSet }, [name]).pipelines;
  return planned !== undefined && 'error' in planned ? planned.error : undefined;
}

test('bit planes of formats that have none', () => {
  expect(problem('quantize.encoding=planes')).toMatch(/nothing to be written as bit planes[^]*are int8; set format/);
  expect(problem('quantize.encoding=planes,quantize.format=bf16')).toBeUndefined();
  expect(problem('quantize.encoding=planes,quantize.formats.embeddings=f16')).toBeUndefined();
});

test('the first command of the documentation stores matrices in the formats that it names', () => {
  const page = readFileSync(join(root, 'docs/quantization.md'), 'utf8');
  const [, name = '', flags = ''] = /npx arrowsmith run (\S+) (.*)/.exec(page) ?? [];
  const planned = planRun(
    { root, declarations, pipelineSet: '', target: { project: 'pipeline', pipeline: name }, flags: flags.split(' ') },
    [name],
  ).pipelines[name];
  if (planned === undefined || 'error' in planned) throw new Error(planned?.error);
  const { format, formats } = planned.steps['quantize']!.parameters as { format: string; formats: object };
  const sizes = modelParameters.parse(planned.steps['train']!.parameters['model']);
  const config = decoderConfig(sizes, { vocabularySize: 2048, contextLength: 320 });
  const formatOf = formatByName(config, format, formats);
  for (const { name: parameter, shape } of parameterShapes(config).filter((each) => each.shape.length > 1))
    expect(formatForRows(formatOf(parameter), shape.at(-1)!).name, parameter).toBe(formatOf(parameter));
  expect(Object.values(formats).length).toBeGreaterThan(0);
});

test('an exponent of smoothing where nothing is smoothed', () => {
  expect(problem('quantize.alpha=0.3')).toMatch(/alpha: does nothing by the method nearest: it is of smoothquant/);
  const rows = 'quantize.inputs.rows';
  expect(problem('quantize.alpha=0.3,quantize.method=smoothquant', 'quantization'), rows).toBeUndefined();
});

test('methods and comparisons without the rows that they look at', () => {
  expect(problem('quantize.method=gptq')).toMatch(/method gptq needs rows of text[^]*inputs: \{ rows: chunk \}/);
  expect(problem('quantize.compare={"formats":["Q8_0"]}')).toMatch(/compare needs rows/);
  expect(problem('quantize.method=awq', 'quantization')).toBeUndefined();
});
