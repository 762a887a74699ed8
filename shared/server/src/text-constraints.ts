/** @file What a request excludes of its texts: by their form, by a limit of thoughts, and by a length that they have at least. */
import { afterThinking, excludeEarlyEnd, limitThinking, type LogitsProcessor } from '@arrowsmith/generation';
import { unsupported, withinField } from './api-error.ts';
import { askedForm, type OutputFields } from './requests/output-fields.ts';
import type { ServedModel } from './served-model.ts';

/**
 * @param thinks false: the model is not to think
 * @throws ApiError for a form that cannot be followed, and for a limit of thoughts where the model has none
 */
export function constraintsOf(
  fields: OutputFields,
  { encoder, ends, forms, thinkingTags: tags }: Pick<ServedModel, 'encoder' | 'ends' | 'forms' | 'thinkingTags'>,
  { thinks = true }: { thinks?: boolean } = {},
): LogitsProcessor[] {
  const { thinking_token_budget: asked, min_tokens: least = 0 } = fields;
  const processors: LogitsProcessor[] = [];
  const form = askedForm(fields);
  if (form !== undefined) {
    const process = withinField(form.param, () => forms.processor(form.form));
    processors.push(tags === undefined ? process : afterThinking(process, tags));
  }
  if (asked !== undefined && tags === undefined) {
    throw unsupported(
      'thinking_token_budget',
      `'thinking_token_budget' is not supported: this model has no tokens <think> and </think>.`,
    );
  }
  const budget = thinks ? asked : 0;
  if (budget !== undefined && tags !== undefined) {
    processors.push(limitThinking(tags, { budget, closing: encoder.encode('\n') }));
  }
  if (least > 0) processors.push(excludeEarlyEnd(least, [...ends]));
  return processors;
}
