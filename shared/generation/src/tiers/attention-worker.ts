/**
 * @file A process of the attention tier: obeys the orders that come in at file descriptor 3, and answers there. It ends with the process that started
 * it, whatever ends that: the other end of the connection is closed then.
 */
import { Socket } from 'node:net';
import { type BackendName, useBackend } from '@arrowsmith/engine';
import { printFailure } from '@arrowsmith/errors';
import { AttentionPools } from './attention-pools.ts';
import { FrameReader, FrameWriter } from './frames.ts';
import { type Answer, decodeOrder, encodeAnswer } from './messages.ts';
import { CONNECTION, type WorkerSettings } from './worker-settings.ts';

const { backend, threads } = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;

// Ctrl-C in a terminal reaches all of its processes; who started this one may still need it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

// What went wrong is told by whoever reads the standard error.
process.on('uncaughtException', (error) => {
  printFailure(error);
  process.exit(1);
});

const connection = new Socket({ fd: CONNECTION, readable: true, writable: true });
const end = () => process.exit();
connection.on('close', end).on('end', end).on('error', end);
const writer = new FrameWriter(connection);
const say = (answer: Answer) => writer.write(encodeAnswer(answer));

await useBackend(backend as BackendName, { threads });
const pools = new AttentionPools();
const reader = new FrameReader((message) => {
  const answer = pools.obey(decodeOrder(message));
  if (answer !== undefined) say(answer);
});
connection.on('data', (piece) => reader.push(piece));
say({ kind: 'ready' });
