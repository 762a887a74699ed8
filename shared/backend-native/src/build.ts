/** @file The package's entry for those who build the native backend or ask whether it is there: fast to load, without tfjs. */

export { buildNative, type BuildOptions } from './compile.ts';
export {
  detectInstructionSet,
  type InstructionSet,
  instructionSets,
  type Processor,
  supports,
  thisProcessor,
} from './instruction-sets.ts';
export { type BuildRecord, compilerFlags, nativeBuild, type NativeBuild } from './native-build.ts';
