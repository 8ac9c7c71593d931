import { sha256Hex } from '#schemas/canonical-json.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

const placeBytes = 4

/** Places of an order that are left out: u32, little-endian, rising. */
export class Skipped {
  static readonly none = new Skipped(new Uint32Array())
  readonly #places: Uint32Array

  constructor(places: Uint32Array) {
    this.#places = places
  }

  get bytes(): number {
    return this.#places.byteLength
  }

  /** How many of the places `from` … `to - 1` are left out. */
  between(from: number, to: number): number {
    return this.#below(to) - this.#below(from)
  }

  /** The n-th place (from 0) from `from` on that is not left out. */
  nth(from: number, n: number): number {
    if (this.#places.length === 0) return from + n
    const before = this.#below(from)
    let [low, high] = [before, this.#places.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#places[middle] as number) - from - (middle - before) <= n) low = middle + 1
      else high = middle
    }
    return from + n + (low - before)
  }

  async write(store: Pick<ObjectStore, 'put'>, prefix: string): Promise<StoredObject | null> {
    if (this.#places.length === 0) return null
    const bytes = new Uint8Array(this.#places.length * placeBytes)
    const view = new DataView(bytes.buffer)
    this.#places.forEach((place, n) => view.setUint32(n * placeBytes, place, true))
    const sha256 = sha256Hex(bytes)
    const key = `${prefix}${sha256}.skipped`
    await store.put(key, bytes)
    return { key, sha256, bytes: bytes.length }
  }

  #below(place: number): number {
    let [low, high] = [0, this.#places.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#places[middle] as number) < place) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** @throws OrreryError `data_unreadable` when the object is not what its manifest says; what the store throws */
export async function readSkipped(store: Pick<ObjectStore, 'get'>, object: StoredObject | null): Promise<Skipped> {
  if (!object) return Skipped.none
  const bytes = await readNamed(store, object)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return new Skipped(Uint32Array.from({ length: bytes.length / placeBytes }, (_, n) => view.getUint32(n * placeBytes, true)))
}

/** The bytes of an object beside a manifest. @throws as `readSkipped` */
export async function readNamed(store: Pick<ObjectStore, 'get'>, { key, sha256 }: StoredObject): Promise<Uint8Array> {
  const bytes = await store.get(key)
  if (sha256Hex(bytes) === sha256) return bytes
  throw new OrreryError('data_unreadable', `The object ${key} is not what its manifest says; restore it from a backup.`, { key })
}
