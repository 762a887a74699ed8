/**
 * @file Fuzzes readers for minutes, each in a process of its own, so that a hang, a crash and a reader that fills the memory are found, too:
 *
 *     npm run fuzz                                   all readers, a minute each
 *     npm run fuzz -- tokenizer-json --minutes=10    one, or several, for ten minutes each
 *     npm run fuzz -- locks --seed=1 --case=7        one case again, with its file
 *
 * Prints cases and failures, each with the command that makes it again; exits with 1 where there is any.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { prepareFuzzer } from './harness.ts';
import { fuzzers } from './readers/index.ts';

/** A case that has not ended by then hangs. */
const HANG_MS = 60_000;
const HEAP_MB = 1024;
/** Of one reader; more say no more. */
const SHOWN = 20;

const HELP = `npm run fuzz -- [reader …] [--minutes=1] [--seed=N] [--case=N]

Gives readers changed files until one fails; of each failure it prints the command that makes it again.

  readers    all, or some of ${fuzzers.map(({ name }) => name).join(', ')}
  --minutes  for each reader; default 1
  --seed     of the changes; default another each time
  --case     one case alone, in this process, with its file`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    case: { type: 'string' },
    from: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const chosen = fuzzers.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((name) => !fuzzers.some((fuzzer) => fuzzer.name === name));
if (values.help) console.log(HELP);
else if (unknown.length > 0) {
  console.error(`unknown reader ${unknown.join(', ')}; there are ${fuzzers.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else if (values.case !== undefined) await again(Number(values.case));
else if (process.send !== undefined) await serve(Number(values.from));
else for (const { name } of chosen) await fuzz(name);

/** Runs one case here, so that a debugger can be attached. */
async function again(index: number): Promise<void> {
  for (const fuzzer of chosen) {
    const prepared = await prepareFuzzer(fuzzer);
    console.log(prepared.describe(seed, index));
    const outcome = await prepared.run(seed, index);
    console.log('failure' in outcome ? outcome.failure : outcome.read ? 'read' : 'refused');
    if ('failure' in outcome) process.exitCode = 1;
    prepared.remove();
  }
}

/** The cases of one reader from one on, each announced and answered, until the parent ends it. */
async function serve(from: number): Promise<void> {
  const prepared = await prepareFuzzer(chosen[0]!);
  const stop = new AbortController();
  process.on('message', () => stop.abort());
  process.on('disconnect', () => process.exit());
  for (let index = from; !stop.signal.aborted; index++) {
    process.send!({ begin: index });
    const outcome = await prepared.run(seed, index);
    process.send!({ index, outcome });
    await new Promise(setImmediate);
  }
  prepared.remove();
  process.disconnect();
}

async function fuzz(name: string): Promise<void> {
  const until = Date.now() + 60_000 * Number(values.minutes);
  let [next, cases, read, failures] = [0, 0, 0, 0];
  const fail = (index: number, failure: string): void => {
    if (failures++ >= SHOWN) return;
    console.log(
      `npm run fuzz -- ${name} --seed=${seed} --case=${index}\n  ${failure.split('\n').slice(0, 6).join('\n  ')}`,
    );
  };
  while (Date.now() < until) {
    const child = fork(process.argv[1]!, [name, `--seed=${seed}`, `--from=${next}`], {
      execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MB}`],
    });
    let [current, hung] = [next, false];
    let watch = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
    const end = setTimeout(() => child.send('stop', () => undefined), Math.max(0, until - Date.now()));
    child.on(
      'message',
      (message: { begin: number } | { index: number; outcome: { read: boolean } | { failure: string } }) => {
        clearTimeout(watch);
        if ('begin' in message) {
          current = message.begin;
          watch = setTimeout(() => {
            hung = true;
            child.kill('SIGKILL');
          }, HANG_MS);
          return;
        }
        cases++;
        if ('failure' in message.outcome) fail(message.index, message.outcome.failure);
        else if (message.outcome.read) read++;
      },
    );
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    clearTimeout(watch);
    clearTimeout(end);
    if (code !== 0) {
      cases++;
      fail(current, hung ? `hangs for ${HANG_MS / 1000} s` : `ends the process: code ${code}, signal ${signal}`);
    }
    next = current + 1;
  }
  console.log(
    `${name}: seed ${seed}, ${cases} cases, ${read} read, ${cases - read - failures} refused, ${failures} failures`,
  );
  if (failures > 0) process.exitCode = 1;
}
