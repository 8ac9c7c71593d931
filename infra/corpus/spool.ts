import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { storeFailure } from '#infra/store/failure.ts'

/** So many bytes are kept in memory; what is longer goes to disk. */
const memoryBytesMax = 8 * 2 ** 20
const pieceBytes = 2 ** 18

/**
 * Bytes whose name follows from all of them: they are kept aside until it is known. What is long lies in a file without a name, which is gone with the process.
 * @throws OrreryError `store_unavailable` of its methods
 */
export class Spool implements AsyncDisposable {
  readonly #folder: string
  readonly #hash = createHash('sha256')
  #held: Uint8Array[] = []
  #file: FileHandle | undefined
  #bytes = 0

  readonly #memoryBytesMax: number

  /** @param folder made when it is needed @param memoryBytes are kept in memory */
  constructor(folder: string, memoryBytes = memoryBytesMax) {
    this.#folder = folder
    this.#memoryBytesMax = memoryBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The piece may change afterwards. */
  async write(piece: Uint8Array): Promise<void> {
    this.#hash.update(piece)
    this.#bytes += piece.length
    if (this.#bytes <= this.#memoryBytesMax) this.#held.push(Uint8Array.from(piece))
    else await this.#guarded(() => this.#writeOut(piece))
  }

  /** sha256 of all of it, hex; nothing is written then. */
  end(): string {
    return this.#hash.digest('hex')
  }

  /** Its bytes from `start` to `end`; a piece is good until the next is asked for. */
  async *read(start = 0, end = this.#bytes): AsyncGenerator<Uint8Array> {
    const file = this.#file
    if (!file) return yield* heldBetween(this.#held, start, end)
    const piece = new Uint8Array(pieceBytes)
    for (let at = start; at < end;) {
      const { bytesRead } = await this.#guarded(() => file.read(piece, 0, Math.min(pieceBytes, end - at), at))
      yield piece.subarray(0, bytesRead)
      at += bytesRead
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close()
  }

  async #writeOut(piece: Uint8Array): Promise<void> {
    this.#file ??= await openNameless(this.#folder)
    for (const part of [...this.#held.splice(0), piece]) await this.#file.writeFile(part)
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw storeFailure(cause, this.#folder) ?? cause
    }
  }
}

function* heldBetween(pieces: readonly Uint8Array[], start: number, end: number): Generator<Uint8Array> {
  let at = 0
  for (const piece of pieces) {
    const [from, to] = [Math.max(0, start - at), Math.min(piece.length, end - at)]
    if (from < to) yield piece.subarray(from, to)
    at += piece.length
  }
}

async function openNameless(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${randomUUID()}.spool`)
  const file = await open(path, 'wx+')
  await unlink(path)
  return file
}
