/** @file Losses that are no numbers: in which weight that begins. */
import { UserError } from '@arrowsmith/errors';
import { checkFinite, OTHER_WEIGHTS } from '@arrowsmith/quantization';

/**
 * @param where the model, for people
 * @param weights of the model by name, which are looked at where the loss is no number
 * @throws UserError for a loss that is not finite, naming the first weight that is not
 */
export function checkLoss(
  loss: number,
  where: string,
  weights: Iterable<readonly [name: string, tensor: { shape: readonly number[]; data: Float32Array }]>,
): void {
  if (Number.isFinite(loss)) return;
  for (const [name, tensor] of weights) checkFinite(name, tensor);
  throw new UserError({
    what: 'the loss of the model is no number',
    where,
    expected: 'a finite loss',
    found: String(loss),
    fix: OTHER_WEIGHTS,
  });
}
