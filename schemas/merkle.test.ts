import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appendLeaf, emptyFrontier, inclusionPath, isIncluded, leafHash, merkleRoot, rootOf, type Hash } from './merkle.ts'

const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex')

/** Leaves and roots of the reference tests of Certificate Transparency (merkletree/merkle_tree_test.cc). */
const known = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((data) =>
  leafHash(Buffer.from(data, 'hex')),
)
const knownRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

test('roots are those of Certificate Transparency', () => {
  expect(knownRoots.map((_, size) => hex(merkleRoot(known.slice(0, size))))).toEqual(knownRoots)
})

const path = (index: number, size: number) => inclusionPath(known.slice(0, size), index).map(hex)

test('paths are those of Certificate Transparency', () => {
  expect(path(0, 1)).toEqual([])
  expect(path(0, 8)).toEqual([
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ])
  expect(path(5, 8)).toEqual([
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ])
  expect(path(2, 3)).toEqual(['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'])
  expect(path(1, 5)).toEqual([
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  ])
})

const leavesOf = (size: number): Hash[] => Array.from({ length: size }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)))
const places = fc.integer({ min: 1, max: 70 }).chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.nat(80)))

test('every leaf is proven at its place of its tree, and nowhere else', () => {
  fc.assert(
    fc.property(places, ([size, index, other]) => {
      const leaves = leavesOf(size)
      const root = merkleRoot(leaves)
      const claim = { leaf: leaves[index]!, index, size, path: inclusionPath(leaves, index) }
      expect(isIncluded(claim, root)).toBe(true)
      expect(isIncluded({ ...claim, index: other }, root)).toBe(other === index)
      expect(isIncluded({ ...claim, leaf: leafHash(claim.leaf) }, root)).toBe(false)
      expect(isIncluded({ ...claim, path: [...claim.path, claim.leaf] }, root)).toBe(false)
      expect(isIncluded({ ...claim, path: claim.path.slice(1) }, root)).toBe(size === 1)
      expect(Buffer.compare(merkleRoot(leavesOf(other)), root) === 0).toBe(other === size)
    }),
  )
})

test('a frontier that was written down and read again goes on, with a root for each bit of its size', () => {
  const leaves = leavesOf(100)
  let frontier = emptyFrontier()
  for (const [n, leaf] of leaves.entries()) {
    appendLeaf(frontier, leaf)
    expect(frontier.roots).toHaveLength((n + 1).toString(2).replaceAll('0', '').length)
    expect(rootOf(frontier)).toEqual(merkleRoot(leaves.slice(0, n + 1)))
    frontier = { size: frontier.size, roots: frontier.roots.map((root) => Buffer.from(hex(root), 'hex')) }
  }
})

test('no path of a stranger does more than fail', () => {
  const anything = { leaf: known[0]!, index: 2 ** 60, size: 2 ** 61, path: [] }
  for (const odd of [anything, { ...anything, index: -1 }, { ...anything, index: 0.5, size: 1 }, { ...anything, index: 0, size: 2, path: [Buffer.alloc(3)] }])
    expect(isIncluded(odd, known[0]!)).toBe(false)
  expect(() => inclusionPath(known, 8)).toThrow(RangeError)
})
