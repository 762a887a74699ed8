/** @file How many texts a server works on: beyond that, whoever asks is asked to come again. */
import { ApiError } from './api-error.ts';

/** Seconds after which to ask again. */
const RETRY_AFTER = 1;

export class Admission {
  readonly #places: number;
  #taken = 0;

  /** @param places texts at most, those that wait included */
  constructor(places: number) {
    this.#places = places;
  }

  /**
   * Takes places, for as many texts.
   *
   * @returns gives them back; may be called more than once
   * @throws ApiError where so many are not free
   */
  enter(texts: number): () => void {
    if (texts > this.#places) {
      const message = `The request asks for ${texts} texts, and this server has places for ${this.#places}.`;
      throw new ApiError(400, message, { param: 'n', code: 'invalid_value' });
    }
    if (this.#taken + texts > this.#places) {
      const message = `The server works on ${this.#taken} texts, of at most ${this.#places}. Please try again in ${RETRY_AFTER} s.`;
      const headers = { 'Retry-After': String(RETRY_AFTER) };
      throw new ApiError(429, message, { type: 'rate_limit_error', code: 'rate_limit_exceeded', headers });
    }
    this.#taken += texts;
    let left = texts;
    return () => {
      this.#taken -= left;
      left = 0;
    };
  }
}
