/** @file Measures this machine's backends, keeps what it found, and says it in a line: before the first training that is large enough for a graphics processor. */
import { printError, printFailure } from '@arrowsmith/errors';
import { nativeBuild } from '@arrowsmith/backend-native/build';
import { measureBackends } from './measure-backends.ts';

try {
  const { adapter, reason, failed } = measureBackends(nativeBuild());
  if (adapter !== null) printError(`measured ${adapter.name} and the processor, once; npm run doctor tells more`);
  else if (failed) printError(`the backend webgpu is not chosen: ${reason}; npm run doctor -- --measure tries again`);
} catch (error) {
  printFailure(error); // of a folder that nothing can be kept in
  process.exitCode = 1;
}
