import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DeviceFailures } from './device.ts';

const device = { addEventListener: () => undefined, lost: new Promise(() => undefined) };
const failuresOf = (): DeviceFailures => new DeviceFailures(device as unknown as GPUDevice, 'slow');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Waits for a result for a minute. */
function wait(failures: DeviceFailures): { state: string; answer: (value: string) => void } {
  const waiting = { state: 'waiting', answer: undefined as unknown as (value: string) => void };
  const result = new Promise<string>((resolve) => (waiting.answer = resolve));
  failures.settled(result, 'slow', 60).then(
    (value) => (waiting.state = value),
    (error: Error) => (waiting.state = error.message),
  );
  return waiting;
}

test('a device that gives no sign for a minute is taken for hung', async () => {
  const waiting = wait(failuresOf());
  await vi.advanceTimersByTimeAsync(59_500);
  expect(waiting.state).toBe('waiting');
  await vi.advanceTimersByTimeAsync(500);
  expect(waiting.state).toMatch(/^the graphics processor slow has not answered for 60 seconds/);
});

test('whoever asks a hung device is told at once, till it gives a sign again', async () => {
  const failures = failuresOf();
  wait(failures);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(failures.isHung).toBe(true);
  expect(() => failures.check()).toThrow('has not answered');
  await failures.watch(Promise.resolve());
  expect(failures.isHung).toBe(false);
  expect(() => failures.check()).not.toThrow();
});

test('a machine that slept is waited for: however long it slept, what was due meanwhile comes once', async () => {
  const waiting = wait(failuresOf());
  await vi.advanceTimersToNextTimerAsync();
  expect(waiting.state).toBe('waiting');
  waiting.answer('the result');
  await vi.advanceTimersByTimeAsync(0);
  expect(waiting.state).toBe('the result');
});

test('a long step that comes back in parts is waited for, till no part comes', async () => {
  const failures = failuresOf();
  const waiting = wait(failures);
  for (let part = 0; part < 3; part++) {
    await vi.advanceTimersByTimeAsync(50_000);
    void failures.watch(Promise.resolve());
  }
  await vi.advanceTimersByTimeAsync(50_000);
  expect(waiting.state).toBe('waiting');
  void failures.watch(Promise.reject(new Error('lost'))); // is no sign
  await vi.advanceTimersByTimeAsync(11_000);
  expect(waiting.state).toMatch('has not answered');
});
