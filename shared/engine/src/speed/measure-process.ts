/** @file Measures one backend: `node --import tsx measure-process.ts <backend> <precision …>`. The last line printed is JSON: speeds by backend and precision. */
import { print, printFailure } from '@arrowsmith/errors';
import type { BackendName, Precision } from '../resolve.ts';
import { useBackend } from '../use-backend.ts';
import { measureSpeed } from './measure.ts';
import type { Speed } from './speed.ts';

const [backend, ...precisions] = process.argv.slice(2) as [BackendName, ...Precision[]];
try {
  const speeds: Record<string, Speed> = {};
  for (const precision of precisions) {
    await useBackend(backend, { precision });
    speeds[`${backend} ${precision}`] = await measureSpeed();
  }
  print(JSON.stringify(speeds));
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
process.exit(); // Dawn may keep the process, with its device
