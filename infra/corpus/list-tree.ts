import type { z } from 'zod'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import { ListPage, type ListTree } from '#schemas/list-tree.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { recentValues, type RecentValues } from '../recent-values.ts'
import { readList } from './list-object.ts'

/**
 * A sorted list as a tree of pages, each an object named by its content. Where a page ends is told by the names of its items alone (a Prolly tree, as Noms and
 * Dolt have it): the same items give the same tree, whatever was written before, and two lists that differ in one item share all pages but one of each height.
 */
const pageItemsMin = 2
const pageItemsMax = 64
/** One name in so many ends a page: a power of two. */
const endsOneIn = 16

type Getting = Pick<ObjectStore, 'get'>
type Putting = Pick<ObjectStore, 'put'>

/** A tree that is not written yet: its pages by their keys. */
interface Planned {
  tree: ListTree
  pages: Map<string, { bytes: Uint8Array; content: readonly unknown[] }>
}

interface Naming<Item> {
  /** Of the keys of all pages, ending with `/`. */
  prefix: string
  /** None twice. */
  nameOf(item: Item): string
  /** What a list was read as before: a page of it whose items are the same objects is taken as it is. */
  former?: ReadTree<Item> | undefined
}

/** A list as it was read. */
export interface ReadTree<Item> {
  items: readonly Item[]
  /** Pages of items, by their first. */
  leaves: ReadonlyMap<Item, Leaf<Item>>
  /** Of all pages. */
  keys: ReadonlySet<string>
}

/** A list that was written as a whole: no page of a tree has anything of it. */
export const listedWhole = <Item>(items: readonly Item[]): ReadTree<Item> => ({ items, leaves: new Map(), keys: new Set() })

interface Leaf<Item> {
  page: ListPage
  items: readonly Item[]
}

/** The tree of a list, with the pages that a former one has not. @param items in the order of their names */
export function planTree<Item>(items: readonly Item[], { prefix, nameOf, former }: Naming<Item>): Planned {
  const pages: Planned['pages'] = new Map()
  const pageOf = (content: readonly unknown[], count: number): ListPage => {
    const bytes = Buffer.from(canonicalJson(content))
    const key = `${prefix}${sha256Hex(bytes)}.json`
    if (!former?.keys.has(key)) pages.set(key, { bytes, content })
    return { key, items: count }
  }
  const leafOf = (some: readonly Item[]): ListPage => {
    const known = some[0] === undefined ? undefined : former?.leaves.get(some[0])
    const isKnown = known?.page.key.startsWith(prefix) && known.items.length === some.length && some.every((item, at) => item === known.items[at])
    return known && isKnown ? known.page : pageOf(some, some.length)
  }
  const last = (some: readonly Item[]): string => (some.length === 0 ? '' : nameOf(some.at(-1) as Item))
  let level = pagesOf(items, (item) => nameOf(item), 0).map((some) => ({ page: leafOf(some), name: last(some) }))
  let height = 0
  while (level.length > 1) {
    height++
    level = pagesOf(level, ({ name }) => name, height).map((some) => {
      const below = some.map(({ page }) => page)
      return { page: pageOf(below, sum(below)), name: some.at(-1)?.name ?? '' }
    })
  }
  return { tree: { ...(level[0]?.page as ListPage), height }, pages }
}

const sum = (pages: readonly ListPage[]): number => pages.reduce((total, { items }) => total + items, 0)

/** One page at least, which may be empty. */
function pagesOf<Item>(items: readonly Item[], nameOf: (item: Item) => string, height: number): Item[][] {
  const pages: Item[][] = [[]]
  for (const [at, item] of items.entries()) {
    const page = pages.at(-1) as Item[]
    page.push(item)
    const isFull = page.length === pageItemsMax || (page.length >= pageItemsMin && endsPage(nameOf(item), height))
    if (isFull && at < items.length - 1) pages.push([])
  }
  return pages
}

/** By the FNV-1a hash of the name: who looks for names that end none makes pages of `pageItemsMax`. */
function endsPage(name: string, height: number): boolean {
  let hash = 0x811c9dc5 ^ height
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return ((hash ^ (hash >>> 15)) & (endsOneIn - 1)) === 0
}

/** Writes the pages of a list that its former tree has not. @throws OrreryError `store_unavailable` */
export async function writeTree<Item>(store: Putting, items: readonly Item[], naming: Naming<Item>): Promise<ListTree> {
  const { tree, pages } = planTree(items, naming)
  for (const [key, { bytes, content }] of pages) {
    await store.put(key, bytes)
    recentOf(store).keep(key, content)
  }
  return tree
}

/**
 * All items of a list in their order. What was read lately of the same store is not read again: of a list that follows another, the pages that are new.
 * @throws OrreryError `data_unreadable` for a page that is not what its key says, `not_found` for one that is missing
 */
export async function readTree<Item>(store: Getting, tree: ListTree, item: z.ZodType<Item>): Promise<ReadTree<Item>> {
  const items: Item[] = []
  const leaves = new Map<Item, Leaf<Item>>()
  const keys = new Set<string>()
  for await (const leaf of readLeaves(store, tree, item, keys)) {
    for (const each of leaf.items) items.push(each)
    if (leaf.items[0] !== undefined) leaves.set(leaf.items[0], leaf)
  }
  return { items, leaves, keys }
}

/**
 * The pages of items of a list in their order, but for those that were met before.
 * @param keys of the pages that were met before; takes those that are met here
 * @throws OrreryError `data_unreadable`, `not_found`
 */
export async function* readLeaves<Item>(
  store: Getting,
  { key, items, height }: ListTree,
  item: z.ZodType<Item>,
  keys: Set<string>,
): AsyncGenerator<Leaf<Item>> {
  if (keys.has(key)) return
  keys.add(key)
  const page = { key, items }
  if (height === 0) return yield { page, items: await readPage(store, page, item) }
  const below = await readPage(store, page, ListPage)
  // Side by side, as each may be a request.
  if (height === 1) await Promise.all(below.map((leaf) => keys.has(leaf.key) || readPage(store, leaf, item)))
  for (const each of below) yield* readLeaves(store, { ...each, height: height - 1 }, item, keys)
}

/** Pages that were read or written lately, by store and key. */
const recent = new WeakMap<Getting | Putting, RecentValues<string, readonly unknown[]>>()
const recentBytesMax = 32 * 2 ** 20
/** What an item takes in memory, about: a group of a version with its keys and hashes. */
const itemBytes = 1000

function recentOf(store: Getting | Putting): RecentValues<string, readonly unknown[]> {
  const pages = recent.get(store) ?? recentValues<string, readonly unknown[]>({ bytesMax: recentBytesMax, bytesOf: (page) => itemBytes * page.length })
  recent.set(store, pages)
  return pages
}

async function readPage<Item>(store: Getting, { key, items }: ListPage, item: z.ZodType<Item>): Promise<readonly Item[]> {
  const pages = recentOf(store)
  const known = pages.get(key)
  if (known) return known as readonly Item[]
  const page = await readList(store, { key, sha256: pageSha256(key) }, item)
  if (page.length > Math.min(items, pageItemsMax)) throw new OrreryError('data_unreadable', `The page ${key} is longer than the page above it says.`, { key })
  pages.keep(key, page)
  return page
}

const endingChars = 64 + '.json'.length

/** Of a page, by its key. */
export const pageSha256 = (key: string): string => key.slice(-endingChars, -'.json'.length)
