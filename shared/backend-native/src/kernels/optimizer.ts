/** @file The optimizer's step over all parameters at once, and the norm of all gradients. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../backend.ts';
import { type MuonNumbers, muonSettings } from '../muon-settings.ts';
import { expectShape, type Kernels, sizeOf, tensorList } from './kernel.ts';

/** What an update changes: in place where nothing else refers to its memory. */
function takeOver(backend: NativeBackend, state: TensorInfo): TensorInfo {
  if (backend.isSoleOwner(state)) {
    backend.queue.expect(backend.floats(state));
    return backend.share(state, state.shape);
  }
  const values = backend.flushedFloats(state);
  const copy = backend.output(state.shape);
  backend.flushedFloats(copy).set(values);
  return copy;
}

/** Where each shape is in a list. */
function placesByShape(shapes: readonly (readonly number[])[]): number[][] {
  const places = new Map<string, number[]>();
  shapes.forEach((shape, i) => places.set(shape.join(), [...(places.get(shape.join()) ?? []), i]));
  return [...places.values()];
}

export const optimizerKernels: Kernels = {
  /**
   * parameter0 …, gradient0 …, firstMoment0 …, secondMoment0 … → parameters, first moments, second moments. The state is taken over: it
   * changes in place where nothing else refers to its memory.
   */
  AdamW({ inputs, attrs, backend }) {
    const count = attrs['count'] as number;
    const learningRateFactors = (attrs['learningRateFactors'] as number[] | undefined) ?? Array<number>(count).fill(1);
    const number = (name: string) => attrs[name] as number;
    const [parameters, gradients, firstMoments, secondMoments] = [
      'parameter',
      'gradient',
      'firstMoment',
      'secondMoment',
    ].map((name) => tensorList(inputs, name, count)) as [TensorInfo[], TensorInfo[], TensorInfo[], TensorInfo[]];
    parameters.forEach(({ shape }, i) => {
      expectShape(`gradient${i}`, gradients[i]!, shape);
      expectShape(`firstMoment${i}`, firstMoments[i]!, shape);
      expectShape(`secondMoment${i}`, secondMoments[i]!, shape);
    });
    const gradientValues = gradients.map((gradient) => backend.floats(gradient));

    const state = [parameters, firstMoments, secondMoments].map((tensors) =>
      tensors.map((each) => takeOver(backend, each)),
    );
    const [parameterValues, firstValues, secondValues] = state.map((tensors) =>
      tensors.map((info) => backend.floats(info)),
    );
    backend.addon.adamW(
      gradientValues.map(({ length }) => length),
      parameterValues!,
      gradientValues,
      firstValues!,
      secondValues!,
      attrs['weightDecays'] as number[],
      learningRateFactors,
      number('learningRate'),
      number('beta1'),
      number('beta2'),
      number('epsilon'),
      number('step'),
      number('gradientScale'),
    );
    return state.flat();
  },

  /**
   * parameter0 [rows, columns] or [count, rows, columns] …, gradient0 …, momentum0 … → parameters, momenta. The state is taken over, as AdamW's.
   */
  Muon({ inputs, attrs, backend }) {
    const list = (name: string) => tensorList(inputs, name, attrs['count'] as number);
    const [parameters, gradients, momenta] = [list('parameter'), list('gradient'), list('momentum')];
    const shapes = parameters.map(({ shape }) => shape);
    const { momentum, gradientScale, ...options } = attrs as unknown as MuonNumbers;
    const [, , ...settings] = muonSettings({ ...options, momentum, gradientScale, shapes });
    const gradientValues = gradients.map((gradient, i) => {
      expectShape(`gradient${i}`, gradient, shapes[i]!);
      expectShape(`momentum${i}`, momenta[i]!, shapes[i]!);
      return backend.floats(gradient);
    });
    const state = [parameters, momenta].map((tensors) => tensors.map((each) => takeOver(backend, each)));
    const [parameterValues, means] = state.map((tensors) => tensors.map((info) => backend.floats(info)));
    // Tensors of one shape together: a thread has a whole matrix then.
    for (const places of placesByShape(shapes)) {
      const of = <T>(all: readonly T[]): T[] => places.map((i) => all[i]!);
      const shape = shapes[places[0]!]!;
      const [rows, columns] = shape.slice(-2) as [number, number];
      backend.addon.muon(
        backend.precision,
        places.length,
        sizeOf(shape.slice(0, -2)),
        rows,
        columns,
        of(gradientValues),
        of(parameterValues!),
        of(means!),
        places.map((i) => settings[2 * i]!),
        places.map((i) => settings[2 * i + 1]!),
        momentum,
        gradientScale,
      );
    }
    return state.flat();
  },

  /** x0 … → the root of the sum of all squares, a scalar */
  GlobalNorm({ inputs, attrs, backend }) {
    const tensors = tensorList(inputs, 'x', attrs['count'] as number).map((input) => backend.floats(input));
    const norm = backend.output([]);
    backend.addon.globalNorm(
      tensors.map(({ length }) => length),
      tensors,
      backend.floats(norm),
    );
    return norm;
  },
};
