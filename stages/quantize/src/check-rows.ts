/** @file Whether a step reads the rows of text that its methods look at: known from the pipeline file, before anything runs. */
import { UserError } from '@arrowsmith/errors';
import { calibrates, type Method } from '@arrowsmith/quantization/methods';

/** @throws UserError where methods, or a comparison, need rows and the step reads none */
export function checkRows({ method, compare }: { method: Method; compare?: unknown }, hasRows: boolean): void {
  if (hasRows || (!calibrates(method) && compare === undefined)) return;
  const asked = compare === undefined ? `method ${method}` : 'compare';
  throw new UserError({
    what: `quantize: ${asked} needs rows of text, and the step reads none`,
    where: 'the pipeline file, the step of the stage quantize',
    expected: 'the step that cuts the text into rows, among its inputs',
    found: 'a model only',
    fix: `write \`inputs: { rows: chunk }\` in the step, or leave ${asked} out`,
  });
}
