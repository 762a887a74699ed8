/** @file PyTorch on the graphics processor that the benchmark `webgpu` measures: the same training step, and a product of its library. */
import { type BenchModel, tokensPerStep } from './models.ts';
import { median } from './statistics.ts';
import { type Precision, TorchFailure, type TorchGraphics, TorchSession } from './torch-peer.ts';

/** One way in which PyTorch runs the step. */
export interface TorchOnGraphics {
  name: string;
  precision: Precision;
  compile: boolean;
  /** Of training; null with the reason where it does not run. */
  tokensPerSecond: number | null;
  reason?: string;
  /** FLOP/s of the product, by the vendor's library. */
  gemm: number | null;
}

/** Steps that are measured together. */
const STEPS = 3;

/**
 * The training step eagerly and compiled, in float32 and in bfloat16, one after the other.
 *
 * @param product [m, k] by [n, k]ᵀ, measured beside the step
 */
export async function torchOnGraphics(
  device: TorchGraphics,
  model: BenchModel,
  product: { m: number; n: number; k: number },
  turns: number,
): Promise<TorchOnGraphics[]> {
  const results: TorchOnGraphics[] = [];
  for (const precision of ['f32', 'bf16'] as const) {
    for (const compile of [false, true])
      results.push(await measured(device, model, product, turns, { precision, compile }));
  }
  return results;
}

async function measured(
  device: TorchGraphics,
  model: BenchModel,
  product: { m: number; n: number; k: number },
  turns: number,
  way: { precision: Precision; compile: boolean },
): Promise<TorchOnGraphics> {
  const settings = { ...way, device, threads: 1 };
  const name = `torch ${way.compile ? 'compiled' : 'eager'}`;
  let session: TorchSession | undefined;
  try {
    session = await TorchSession.start(model, settings);
    await session.series({ steps: STEPS, seconds: 0, leastSteps: 1 });
    const steps: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      steps.push(...(await session.series({ steps: STEPS, seconds: 0, leastSteps: 1 })));
    }
    const gemm = (2 * product.m * product.n * product.k) / median(await session.products(product, turns));
    await session.close();
    return { name: session.name, ...way, tokensPerSecond: tokensPerStep(model) / median(steps), gemm };
  } catch (error) {
    if (!(error instanceof TorchFailure)) throw error;
    return { name, ...way, tokensPerSecond: null, reason: error.reason, gemm: null };
  } finally {
    session?.stop();
  }
}
