/** @file Fields of other servers that would change a text, and that this one does not do: whoever asks for them is told so. */
import { unsupported } from '../api-error.ts';

/** What to do instead of each. */
const FIELDS: Readonly<Record<string, string>> = {
  guided_grammar: `Ask for a form by 'guided_regex' or 'guided_json'.`,
  structured_outputs: `Ask for a form by 'response_format', 'guided_json', 'guided_regex' or 'guided_choice'.`,
  stop_token_ids: `Name strings by 'stop'.`,
  ignore_eos: `Ask for 'min_tokens'.`,
  bad_words: `Exclude tokens by 'logit_bias'.`,
  allowed_token_ids: `Prefer tokens by 'logit_bias'.`,
  prompt_logprobs: `Ask for completions with 'echo' and 'logprobs'.`,
  use_beam_search: `Ask for several texts by 'n', and choose.`,
  truncate_prompt_tokens: 'Shorten the prompt.',
  chat_template: `The server has one, by --chatTemplate.`,
  continue_final_message: 'Ask for completions of the whole text.',
};

/** @throws ApiError for a field that asks for something */
export function refuseUnsupported(body: object): void {
  for (const [name, value] of Object.entries(body)) {
    const instead = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (instead === undefined || asksForNothing(value)) continue;
    throw unsupported(name, `'${name}' is not supported. ${instead}`);
  }
}

const asksForNothing = (value: unknown): boolean =>
  value == null || value === false || (Array.isArray(value) && value.length === 0);
