import { createHash } from 'node:crypto'

/**
 * Merkle trees of RFC 6962 §2.1 (Certificate Transparency), over sha256: a leaf is sha256(0x00 ‖ data), a node sha256(0x01 ‖ left ‖ right), the left part of n
 * leaves the largest power of two below n, the tree of nothing sha256 of nothing. All hashes are 32 raw bytes.
 */
export type Hash = Uint8Array

export const hashBytes = 32

const leafMark = Uint8Array.of(0)
const nodeMark = Uint8Array.of(1)

export const leafHash = (data: Uint8Array): Hash => createHash('sha256').update(leafMark).update(data).digest()
const nodeHash = (left: Hash, right: Hash): Hash => createHash('sha256').update(nodeMark).update(left).update(right).digest()
const emptyRoot = (): Hash => createHash('sha256').digest()

/** What a tree that only grows has to remember: the roots of its whole subtrees, the largest first, one for each bit of its size. */
export interface MerkleFrontier {
  /** Leaves so far. */
  size: number
  roots: Hash[]
}

export const emptyFrontier = (): MerkleFrontier => ({ size: 0, roots: [] })

/** Adds a leaf, in place. @param leaf its hash */
export function appendLeaf(frontier: MerkleFrontier, leaf: Hash): void {
  let root = leaf
  for (let size = frontier.size; size % 2 === 1; size = (size - 1) / 2) root = nodeHash(frontier.roots.pop() as Hash, root)
  frontier.roots.push(root)
  frontier.size++
}

/** The root of the tree of all leaves so far. */
export function rootOf({ roots }: MerkleFrontier): Hash {
  let root = roots.at(-1) ?? emptyRoot()
  for (let i = roots.length - 2; i >= 0; i--) root = nodeHash(roots[i] as Hash, root)
  return root
}

/** @param leaves hashes of the leaves, in their order */
export function merkleRoot(leaves: Iterable<Hash>): Hash {
  const frontier = emptyFrontier()
  for (const leaf of leaves) appendLeaf(frontier, leaf)
  return rootOf(frontier)
}

/**
 * Makes the audit path of one leaf (§2.1.1) of leaves that pass by once, in memory that grows with the logarithm of their number.
 * @throws RangeError when there is no such leaf
 */
class InclusionPath {
  readonly #index: number
  /** Parts of the tree that the path names, in the order of their leaves; `place`: of its root in the path. */
  readonly #parts: { start: number; end: number; place: number }[]
  readonly #path: Hash[] = []
  #part = emptyFrontier()
  #at = 0
  #next = 0

  /** @param size of the whole tree, known before */
  constructor(index: number, size: number) {
    if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size)
      throw new RangeError(`A tree of ${size} has no leaf ${index}`)
    this.#index = index
    this.#parts = partsBeside(index, size)
  }

  /** Takes the next leaf's hash, from the first on. */
  add(leaf: Hash): void {
    const at = this.#at++
    if (at === this.#index) return
    const part = this.#parts[this.#next]
    if (!part) throw new RangeError(`There are more leaves than were said`)
    appendLeaf(this.#part, leaf)
    if (at + 1 < part.end) return
    this.#path[part.place] = rootOf(this.#part)
    this.#part = emptyFrontier()
    this.#next++
  }

  /** From the leaf up to the root. @throws RangeError when leaves are missing */
  get path(): readonly Hash[] {
    if (this.#next < this.#parts.length) throw new RangeError(`There were only ${this.#at} leaves`)
    return this.#path
  }
}

function partsBeside(index: number, size: number): { start: number; end: number; place: number }[] {
  const parts: { start: number; end: number }[] = []
  for (let [start, end] = [0, size]; end - start > 1;) {
    const middle = start + splitOf(end - start)
    if (index < middle) {
      parts.push({ start: middle, end })
      end = middle
    } else {
      parts.push({ start, end: middle })
      start = middle
    }
  }
  // Found from the root down; a path goes up.
  return parts.map((part, depth) => ({ ...part, place: parts.length - 1 - depth })).toSorted((a, b) => a.start - b.start)
}

/** The largest power of two below. */
const splitOf = (size: number): number => 2 ** Math.ceil(Math.log2(size) - 1)

/** The audit path of a leaf. @param leaves hashes of all leaves */
export function inclusionPath(leaves: readonly Hash[], index: number): readonly Hash[] {
  const made = new InclusionPath(index, leaves.length)
  for (const leaf of leaves) made.add(leaf)
  return made.path
}

export interface Inclusion {
  /** Hash of the leaf. */
  leaf: Hash
  index: number
  /** Leaves of the tree. */
  size: number
  path: readonly Hash[]
}

/** The root that a path leads to (RFC 9162 §2.1.3.2); undefined when it has not the length of one. A stranger's path may be anything. */
function rootOfPath({ leaf, index, size, path }: Inclusion): Hash | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined
  let [node, last, root] = [index, size - 1, leaf]
  for (const sibling of path) {
    if (last === 0 || sibling.length !== hashBytes) return undefined
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sibling, root)
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)]
    } else root = nodeHash(root, sibling)
    ;[node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  }
  return last === 0 ? root : undefined
}

/** Whether the leaf is in the tree with that root. */
export function isIncluded(inclusion: Inclusion, root: Hash): boolean {
  const found = rootOfPath(inclusion)
  return found !== undefined && Buffer.compare(found, root) === 0
}
