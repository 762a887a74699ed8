/** @file Several streams as one. */

/** What streams give, as it comes, each with the number of its stream. Ends when all have ended, or with the first error. */
export async function* merged<T>(
  streams: readonly AsyncGenerator<T, void, undefined>[],
): AsyncGenerator<{ index: number; value: T }, void, undefined> {
  const next = async (stream: AsyncGenerator<T, void, undefined>, index: number) => ({
    stream,
    index,
    result: await stream.next(),
  });
  const pending = new Map(streams.map((stream, index) => [index, next(stream, index)]));
  try {
    while (pending.size > 0) {
      const { stream, index, result } = await Promise.race(pending.values());
      if (result.done === true) {
        pending.delete(index);
        continue;
      }
      pending.set(index, next(stream, index));
      yield { index, value: result.value };
    }
  } finally {
    await Promise.allSettled([...pending.values(), ...streams.map((stream) => stream.return())]);
  }
}
