/** @file Whether a pool's accounts agree with its blocks; for tests. */
import { assert } from './assert.ts';
import type { Block, Kind, Page } from './block-pool.ts';

/** All that a pool knows. */
export interface PoolAccounts {
  kinds: readonly Kind[];
  pageCount: number;
  freePages: readonly number[];
  pages: ReadonlySet<Page>;
  idlePages: ReadonlySet<Page>;
}

/** @throws Error where the accounts are wrong */
export function checkPool({ kinds, pageCount, freePages, pages, idlePages }: PoolAccounts): void {
  const all = [...pages].flatMap(({ blocks }) => blocks);
  for (const kind of kinds) {
    const blocks = all.filter(({ page }) => page.kind === kind);
    const used = blocks.filter(({ references }) => references > 0);
    const cached = blocks.filter(({ references, digest }) => references === 0 && digest !== undefined);
    const free = blocks.filter(({ references, digest }) => references === 0 && digest === undefined);
    const registered = blocks.filter(({ digest }) => digest !== undefined);
    assert(kind.used === used.length, 'used blocks are counted');
    assert(kind.busyPages === new Set(used.map(({ page }) => page)).size, 'busy pages are counted');
    assert(isSame(kind.cached, cached), 'blocks without references that have a digest are cached');
    assert(isSame(kind.free, free), 'blocks without references and digest are free');
    assert(isSame(new Set(kind.registered.values()), registered), 'blocks with a digest are registered');
    assert(
      [...kind.registered].every(([digest, block]) => block.digest === digest),
      'under their digests',
    );
    assert(isAscending(kind.cached), 'the order of cached blocks is that of their release');
  }
  for (const page of pages) {
    const { length } = page.blocks.filter(({ references }) => references > 0);
    assert(page.used === length, "a page's used blocks are counted");
    assert(idlePages.has(page) === (length === 0), 'a page is either busy or idle');
    assert(page.used > 0 || page.blocks.some(({ digest }) => digest !== undefined), 'an idle page has cached blocks');
  }
  assert(isAscending(idlePages), 'the order of idle pages is that of their release');
  const numbers = new Set([...freePages, ...[...pages].map(({ index }) => index)]);
  assert(numbers.size === pageCount, 'every page is there');
  for (const { index, kind, blocks } of pages) {
    const indices = blocks.map((block) => block.index - index * kind.blocksPerPage);
    assert(
      indices.every((each, i) => each === i),
      "a page's blocks are where it is",
    );
    assert(
      blocks.every(({ page }) => page.blocks === blocks),
      'a block is of its page',
    );
  }
  assert(freePages.length + pages.size === pageCount, 'every page is there once');
}

const isSame = (set: ReadonlySet<Block>, blocks: readonly Block[]): boolean =>
  set.size === blocks.length && blocks.every((block) => set.has(block));

function isAscending(values: Iterable<{ released: number }>): boolean {
  const times = [...values].map(({ released }) => released);
  return times.every((time, i) => i === 0 || time >= (times[i - 1] ?? time));
}
