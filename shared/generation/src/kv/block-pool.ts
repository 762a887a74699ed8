/**
 * @file Which blocks of memory are in use: a pool for blocks of several kinds and sizes, with two levels (Jenga, Zhang et al. 2025,
 * https://arxiv.org/abs/2503.18292). Memory is cut into pages of one size, a common multiple of the kinds' block sizes; a page that a kind needs is
 * cut into blocks of that kind without a rest, and goes back when none of them is used or cached. With one kind, this is the pool of PagedAttention
 * (Kwon et al. 2023, https://arxiv.org/abs/2309.06180).
 *
 * A block is _used_ while there are references to it. After that it is _cached_ if it has a digest, by which it may be found and used again, and
 * _free_ if not. For room cached blocks are evicted, those first that are unused for longest. A page is _busy_ while a block of it is used, and
 * _idle_ while some are cached and none is used. Where pages are busy for few blocks, blocks move together, so that whatever fits is taken.
 */
import { checkPool } from './check-pool.ts';

/** A block. Only its pool changes it. */
export interface Block {
  page: Page;
  /** Where it is: at so many times its kind's block size from the pool's beginning. */
  index: number;
  references: number;
  /** Names its content, once that is complete. */
  digest: string | undefined;
  /** When its last reference was released, by the pool's clock. */
  released: number;
}

/** A used block that moved: its content is to be copied. */
export interface BlockMove {
  readonly kind: number;
  readonly from: number;
  readonly to: number;
}

/** A page, cut into blocks of one kind. */
export interface Page {
  readonly kind: Kind;
  readonly index: number;
  readonly blocks: Block[];
  /** Blocks with references. */
  used: number;
  /** When its last used block was released, by the pool's clock. */
  released: number;
}

export interface Kind {
  readonly number: number;
  readonly blocksPerPage: number;
  readonly free: Set<Block>;
  /** In the order of their release. */
  readonly cached: Set<Block>;
  /** Used and cached blocks by their digests. */
  readonly registered: Map<string, Block>;
  busyPages: number;
  /** Blocks with references. */
  used: number;
}

/** How many blocks of a kind are what. */
export interface BlockCounts {
  used: number;
  cached: number;
  /** Where no other kind can use them. */
  freeInBusyPages: number;
}

export class BlockPool {
  readonly #kinds: readonly Kind[];
  readonly #pageCount: number;
  /** Indices of pages that no kind has; the last is taken first. */
  readonly #freePages: number[];
  /** Those that a kind has. */
  readonly #pages = new Set<Page>();
  /** In the order of their release. */
  readonly #idlePages = new Set<Page>();
  #clock = 0;

  /** @param blocksPerPage for each kind, how many of its blocks are a page */
  constructor(pageCount: number, blocksPerPage: readonly number[]) {
    this.#pageCount = pageCount;
    this.#freePages = Array.from({ length: pageCount }, (_, i) => pageCount - 1 - i);
    this.#kinds = blocksPerPage.map((each, number) => ({
      number,
      blocksPerPage: each,
      free: new Set(),
      cached: new Set(),
      registered: new Map(),
      busyPages: 0,
      used: 0,
    }));
  }

  /** Whether so many blocks of each kind can be had at once, all that is unused being evicted, and all that is used lying close. */
  hasRoom(counts: readonly number[]): boolean {
    const pages = this.#kinds.map(({ used, blocksPerPage, number }) =>
      Math.ceil((used + (counts[number] ?? 0)) / blocksPerPage),
    );
    return pages.reduce((sum, each) => sum + each, 0) <= this.#pageCount;
  }

  /**
   * Takes so many blocks of each kind, each with one reference, or none at all.
   *
   * @param near for each kind, a block in whose page others are preferred: what comes together goes together
   * @returns for each kind its blocks, and which others moved for them, one after the other; undefined where there is no room
   */
  allocate(
    counts: readonly number[],
    near: readonly (Block | undefined)[] = [],
  ): { blocks: Block[][]; moves: BlockMove[] } | undefined {
    if (!this.hasRoom(counts)) return undefined;
    const moves: BlockMove[] = [];
    const blocks = this.#kinds.map((kind) => {
      const taken: Block[] = [];
      for (let i = 0; i < (counts[kind.number] ?? 0); i++) {
        const neighbour = taken.at(-1) ?? near[kind.number];
        const block = freeBeside(neighbour) ?? first(kind.free) ?? this.#evict(kind) ?? this.#compact(kind, moves);
        this.#forget(block);
        this.#use(block);
        taken.push(block);
      }
      return taken;
    });
    return { blocks, moves };
  }

  /** The block of a kind with this content, used or cached. */
  find(kind: number, digest: string): Block | undefined {
    return this.#kinds[kind]?.registered.get(digest);
  }

  /** Adds a reference to a used or cached block. */
  share(block: Block): void {
    if (block.references > 0) block.references++;
    else this.#use(block);
  }

  /** Takes a reference away. */
  release(block: Block): void {
    const { page } = block;
    if (block.references === 0) throw new Error(`block ${block.index} is released more often than it was taken`);
    if (--block.references > 0) return;
    block.released = ++this.#clock;
    (block.digest === undefined ? page.kind.free : page.kind.cached).add(block);
    page.kind.used--;
    this.#leave(page);
  }

  /** Names the content of a used block, from now on complete. Where another block has the same content, that one stays the one to be found. */
  register(block: Block, digest: string): void {
    const { registered } = block.page.kind;
    if (block.digest !== undefined || registered.has(digest)) return;
    block.digest = digest;
    registered.set(digest, block);
  }

  /** For each kind, how many blocks are what; all others are free, and any kind's. */
  counts(): BlockCounts[] {
    return this.#kinds.map((kind) => ({
      used: kind.used,
      cached: kind.cached.size,
      freeInBusyPages: [...kind.free].filter(({ page }) => page.used > 0).length,
    }));
  }

  /** For tests: @throws Error where the pool's accounts do not agree with its blocks */
  check(): void {
    checkPool({
      kinds: this.#kinds,
      pageCount: this.#pageCount,
      freePages: this.#freePages,
      pages: this.#pages,
      idlePages: this.#idlePages,
    });
  }

  /** A block for a kind that has no free one: of a page that no kind has, or of what is unused for longest, a block of the kind or any page. */
  #evict(kind: Kind): Block | undefined {
    const block = first(kind.cached);
    const page = first(this.#idlePages);
    if (this.#freePages.length > 0) return this.#cut(kind);
    if (page === undefined || (block !== undefined && block.released < page.released)) return block;
    this.#giveBack(page);
    return this.#cut(kind);
  }

  /** A block for a kind where all pages are busy: of a page whose blocks all have room in others of their kind. */
  #compact(kind: Kind, moves: BlockMove[]): Block {
    const source = this.#kinds.find(
      ({ busyPages, blocksPerPage, used }) => busyPages * blocksPerPage - used >= blocksPerPage,
    );
    const busy = [...this.#pages].filter((page) => page.kind === source);
    const [sparsest, ...others] = busy.toSorted((a, b) => a.used - b.used);
    if (sparsest === undefined) throw new Error('there is no room, though there are blocks that are not used');
    const targets = others.flatMap(({ blocks }) => blocks).filter(({ references }) => references === 0);
    // Cached blocks are overwritten last, those first that are unused for longest.
    targets.sort((a, b) => Number(a.digest !== undefined) - Number(b.digest !== undefined) || a.released - b.released);
    for (const block of sparsest.blocks.filter(({ references }) => references > 0)) {
      const target = targets.shift();
      if (target === undefined) throw new Error('a block has no room where it is to move');
      moves.push({ kind: block.page.kind.number, from: block.index, to: target.index });
      this.#exchange(block, target);
    }
    return this.#evict(kind) ?? this.#compact(kind, moves);
  }

  /** A used block and an unused one take each other's place; what the latter held is lost. */
  #exchange(block: Block, unused: Block): void {
    const { page, index } = block;
    const target = unused.page;
    this.#forget(unused);
    page.kind.cached.delete(unused);
    page.kind.free.add(unused);
    target.blocks[target.blocks.indexOf(unused)] = block;
    page.blocks[page.blocks.indexOf(block)] = unused;
    Object.assign(block, { page: target, index: unused.index });
    Object.assign(unused, { page, index });
    target.used++;
    this.#leave(page);
  }

  /** Cuts a page that no kind has. @returns its first block */
  #cut(kind: Kind): Block | undefined {
    const index = this.#freePages.pop();
    if (index === undefined) return undefined;
    const page: Page = { kind, index, blocks: [], used: 0, released: 0 };
    for (let i = 0; i < kind.blocksPerPage; i++) {
      page.blocks.push({ page, index: index * kind.blocksPerPage + i, references: 0, digest: undefined, released: 0 });
    }
    this.#pages.add(page);
    for (const block of page.blocks) kind.free.add(block);
    return page.blocks[0];
  }

  /** A used block leaves a page. */
  #leave(page: Page): void {
    if (--page.used > 0) return;
    page.kind.busyPages--;
    page.released = ++this.#clock;
    if (page.blocks.some(({ digest }) => digest !== undefined)) this.#idlePages.add(page);
    else this.#giveBack(page);
  }

  #use(block: Block): void {
    const { page } = block;
    block.references = 1;
    page.kind.free.delete(block);
    page.kind.cached.delete(block);
    page.kind.used++;
    if (page.used++ > 0) return;
    page.kind.busyPages++;
    this.#idlePages.delete(page);
  }

  /** What the block holds is not to be found any more. */
  #forget(block: Block): void {
    if (block.digest === undefined) return;
    block.page.kind.registered.delete(block.digest);
    block.digest = undefined;
  }

  /** Takes a page that is not busy from its kind. */
  #giveBack(page: Page): void {
    for (const block of page.blocks) {
      this.#forget(block);
      page.kind.free.delete(block);
      page.kind.cached.delete(block);
    }
    this.#idlePages.delete(page);
    this.#pages.delete(page);
    this.#freePages.push(page.index);
  }
}

const freeBeside = (block: Block | undefined): Block | undefined =>
  block?.page.blocks.find(({ references, digest }) => references === 0 && digest === undefined);

function first<T>(values: Iterable<T>): T | undefined {
  for (const value of values) return value;
  return undefined;
}
