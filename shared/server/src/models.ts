/** @file The models that a server has, by name; each is loaded when it is first asked for. */
import { ApiError } from './api-error.ts';
import type { ServedModel } from './served-model.ts';

/** A model, loaded or not. */
export interface ModelEntry {
  id: string;
  /** When it was made, in seconds since 1970. */
  created: number;
  load(): Promise<ServedModel>;
}

export class Models {
  readonly #entries: readonly ModelEntry[];
  readonly #loading = new Map<string, Promise<ServedModel>>();
  readonly #loaded: ServedModel[] = [];

  /** @param entries the default one first */
  constructor(entries: readonly [ModelEntry, ...ModelEntry[]]) {
    this.#entries = entries;
  }

  /** As GET /v1/models tells them. */
  list(): { id: string; object: 'model'; created: number; owned_by: string }[] {
    return this.#entries.map(({ id, created }) => ({ id, object: 'model', created, owned_by: 'arrowsmith' }));
  }

  /** Those that are in memory. */
  get loaded(): readonly ServedModel[] {
    return this.#loaded;
  }

  /** @param id the default one where it is left out @throws ApiError where there is none of that name */
  async get(id?: string): Promise<ServedModel> {
    const entry = id === undefined ? this.#entries[0] : this.#entries.find((each) => each.id === id);
    if (entry === undefined) throw this.#unknown(String(id));
    const before = this.#loading.get(entry.id);
    if (before !== undefined) return before;
    const loading = entry.load();
    this.#loading.set(entry.id, loading);
    try {
      const model = await loading;
      this.#loaded.push(model);
      return model;
    } catch (error) {
      this.#loading.delete(entry.id); // what was wrong may be mended
      throw error;
    }
  }

  /** @throws ApiError where there is none of that name */
  described(id: string): { id: string; object: 'model'; created: number; owned_by: string } {
    const found = this.list().find((each) => each.id === id);
    if (found === undefined) throw this.#unknown(id);
    return found;
  }

  /** Ends all texts, and frees the memory for keys and values. */
  async dispose(): Promise<void> {
    await Promise.all(this.#loaded.map(({ engine }) => engine.dispose()));
  }

  #unknown(id: string): ApiError {
    const known = this.#entries.map((each) => each.id).join(', ');
    const message = `The model '${id}' does not exist. There are: ${known}.`;
    return new ApiError(404, message, { param: 'model', code: 'model_not_found' });
  }
}
