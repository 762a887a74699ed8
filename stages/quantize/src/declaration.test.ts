/** @file Tests that mistakes in options of `quantize` are found from parameters and wiring, before anything runs. */
import { loadDeclarations } from '@arrowsmith/pipeline';
import { planRun } from '@arrowsmith/pipeline/request';
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

test('methods and comparisons without the rows that they look at', () => {
  expect(problem('quantize.method=gptq')).toMatch(/method gptq needs rows of text[^]*inputs: \{ rows: chunk \}/);
  expect(problem('quantize.compare={"formats":["Q8_0"]}')).toMatch(/compare needs rows/);
  expect(problem('quantize.method=awq', 'quantization')).toBeUndefined();
});
