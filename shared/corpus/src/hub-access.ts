/** @file Where the Hugging Face hub is, and who asks: HF_ENDPOINT and HF_TOKEN. */
import { UserError } from '@arrowsmith/errors';
import { HUB_URL } from '@huggingface/hub';

export { proxyAdvice } from './request.ts';

type Environment = Record<string, string | undefined>;

/** The hub's address and the reader's token. */
export interface HubAccess {
  endpoint: string;
  accessToken: string | undefined;
}

/**
 * Reads HF_ENDPOINT and HF_TOKEN, as the other Hugging Face tools do.
 *
 * @throws {UserError} when one of them cannot be meant
 */
export function hubAccess(env: Environment): HubAccess {
  const endpoint = (env.HF_ENDPOINT || HUB_URL).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new UserError({
      what: 'HF_ENDPOINT is not an address',
      expected: `an http or https URL, such as ${HUB_URL}`,
      found: endpoint,
    });
  }
  const accessToken = env.HF_TOKEN?.trim() || undefined;
  if (accessToken !== undefined && !accessToken.startsWith('hf_')) {
    throw new UserError({
      what: 'HF_TOKEN is not a token of the Hugging Face hub',
      expected: 'a token that begins with hf_, from https://huggingface.co/settings/tokens',
      fix: 'correct HF_TOKEN, or unset it to read public repositories',
    });
  }
  return { endpoint, accessToken };
}
