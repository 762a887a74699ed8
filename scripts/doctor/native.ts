/** @file Checks whether the native backend is built, and for what. */
import type { NativeBuild } from '@arrowsmith/backend-native/build';
import { UserError } from '@arrowsmith/errors';
import { type Finding, finding } from './finding.ts';

/**
 * @param find finds out what there is
 * @param possible the fastest instruction set that this processor has
 * @param forced the environment variable ARROWSMITH_ISA
 */
export function checkNativeBuild(find: () => NativeBuild, possible: string, forced: string | undefined): Finding {
  const check = 'native build';
  let build: NativeBuild;
  try {
    build = find();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { what, found, fix } = error.parts;
    return finding('problem', check, `ARROWSMITH_ISA=${forced}`, `${what}; ${found}; ${fix}`);
  }
  if (!build.available) {
    return finding('note', check, 'none', `${build.reason}; until then a slower backend is used; ${build.fix}`);
  }
  if (build.stale) {
    const means = `its sources have changed: the next run builds it again, or now: npm run build:native`;
    return finding('note', check, build.isa, means);
  }
  if (build.isa !== possible && forced === undefined) {
    const means = `this processor has ${possible}, which is faster: npm run build:native, with a compiler that knows it`;
    return finding('note', check, build.isa, means);
  }
  const precision = build.bf16
    ? 'with bfloat16 products'
    : 'without bfloat16 products, which this instruction set lacks';
  return finding('ok', check, build.isa, `${precision}; built by ${build.compiler}`);
}
