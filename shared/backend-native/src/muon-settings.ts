/** @file The numbers of an update by Muon, in the order in which the kernels of devices read them. */

/** Options of an update that all or some matrices have in common. */
export interface MuonNumbers {
  /** [rows, columns] of each, or [count, rows, columns] of a stack of matrices. */
  shapes: readonly (readonly number[])[];
  learningRate: number;
  /** For each parameter, the factor of its learning rate; all 1 by default. */
  learningRateFactors?: readonly number[] | undefined;
  /** β of the running mean of gradients, and of Nesterov's step along it. */
  momentum: number;
  /** For each parameter, the share of it that decays away per unit of learning rate; 0 for none. */
  weightDecays: readonly number[];
  /** Factor of all gradients. */
  gradientScale: number;
}

/** Newton–Schulz: X ← a X + b (X Xᵀ) X + c (X Xᵀ)² X, with Jordan's coefficients, which take small singular values up the fastest. */
export const NEWTON_SCHULZ = { steps: 5, ofMatrix: 3.4445, ofCube: -4.775, ofFifth: 2.0315 };

/** What a matrix's norm counts for at least, so that one of zeros stays so. */
export const LEAST_NORM = 1e-7;

/**
 * What an orthogonal matrix is multiplied with: its elements have a root mean square of 1 / √(longer side), and those of AdamW's updates one of about 0.2,
 * as Liu et al. measured.
 */
export const updateSize = (shape: readonly number[]): number => 0.2 * Math.sqrt(Math.max(...shape.slice(-2)));

/** @returns β, the gradients' scale, and for each parameter what its orthogonal matrix is multiplied with, and what decay leaves of it */
export function muonSettings(options: MuonNumbers): Float32Array<ArrayBuffer> {
  const { shapes, learningRate, learningRateFactors, momentum, weightDecays, gradientScale } = options;
  const ofParameters = shapes.flatMap((shape, i) => {
    const rate = learningRate * (learningRateFactors?.[i] ?? 1);
    return [rate * updateSize(shape), 1 - rate * weightDecays[i]!];
  });
  return Float32Array.of(momentum, gradientScale, ...ofParameters);
}
