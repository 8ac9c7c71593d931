import { z } from 'zod'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

const Names = z.array(z.string())
/** More objects than this become one. */
const objectsMax = 32

const prefixOf = (hotkey: string): string => `boilerplate/hotkey=${hotkey}/`

/** The names of paragraphs that a miner has found to be boilerplate. @throws OrreryError `invalid_record` for an object that holds none */
export async function readBoilerplate(store: ObjectStore, hotkey: string): Promise<Set<string>> {
  const names = new Set<string>()
  for await (const { key } of store.list(prefixOf(hotkey))) for (const name of parse(key, await store.get(key))) names.add(name)
  return names
}

/**
 * Keeps what was found now, before the rows that lack it are written: an immutable object with the new names, which all of them together make the memory.
 * Doing it twice, or half of it, changes nothing.
 */
export async function rememberBoilerplate(store: ObjectStore, hotkey: string, found: readonly string[], known: ReadonlySet<string>): Promise<void> {
  if (found.length === 0) return
  const former: string[] = []
  for await (const { key } of store.list(prefixOf(hotkey))) former.push(key)
  const isFull = former.length >= objectsMax
  const key = await put(store, hotkey, isFull ? [...new Set([...known, ...found])] : found)
  if (isFull) for (const old of former) if (old !== key) await store.delete(old)
}

async function put(store: ObjectStore, hotkey: string, names: readonly string[]): Promise<string> {
  const body = Buffer.from(canonicalJson(names.toSorted()))
  const key = `${prefixOf(hotkey)}${sha256Hex(body)}.json`
  await store.put(key, body)
  return key
}

function parse(key: string, bytes: Uint8Array): string[] {
  try {
    return Names.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch (cause) {
    throw new OrreryError('invalid_record', `The object ${key} holds no names of paragraphs; delete it, then run the miner again.`, { key }, cause)
  }
}
