/** @file What a process of the attention tier is started with. */

/** The file descriptor of its connection. */
export const CONNECTION = 3;

/** Its first argument, as JSON. */
export interface WorkerSettings {
  backend: string;
  threads: number;
}
