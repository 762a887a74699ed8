/** @file Errors as OpenAI's API tells them: a status, and what is wrong with which field. */
import { UserError } from '@arrowsmith/errors';

/** What an error says beside its message. */
export interface ApiErrorDetails {
  type?: 'invalid_request_error' | 'rate_limit_error' | 'server_error';
  /** The field that is wrong: `messages[0].content`. */
  param?: string | null;
  /** For programs: `model_not_found`. */
  code?: string | null;
  headers?: Readonly<Record<string, string>>;
}

/** Whoever sent the request is told of it. */
export class ApiError extends Error {
  readonly status: number;
  readonly details: ApiErrorDetails;

  constructor(status: number, message: string, details: ApiErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.status = status;
    this.details = details;
  }

  /** As it is sent. */
  get body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    const { type = 'invalid_request_error', param = null, code = null } = this.details;
    return { error: { message: this.message, type, param, code } };
  }
}

/** A field that this server does not do, whatever its value. */
export function unsupported(param: string, message: string): ApiError {
  return new ApiError(400, message, { param, code: 'unsupported_parameter' });
}

/** Runs what fails where a field is wrong. @throws ApiError that names the field, in place of a UserError */
export function withinField<T>(param: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new ApiError(
      400,
      `Invalid '${param}': ${sentenceOf(error)}`,
      { param, code: 'invalid_value' },
      { cause: error },
    );
  }
}

/** Any error as one for the client; of what is a defect here, it hears no more than that. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof UserError ? sentenceOf(error) : 'The server had an error.';
  return new ApiError(500, message, { type: 'server_error' }, { cause: error });
}

/** Any error in one line, for whoever runs the server. */
export const reasonOf = (error: Error): string => (error instanceof UserError ? sentenceOf(error) : error.message);

/** The parts of an error in one line, as clients show a message. */
function sentenceOf({ parts: { what, where, expected, found, fix } }: UserError): string {
  const more = [
    ...(where === undefined ? [] : [`at ${where}`]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
    ...(fix === undefined ? [] : [`to do: ${fix}`]),
  ];
  return more.length === 0 ? `${what}.` : `${what}: ${more.join('; ')}.`;
}
