import { open, type FileHandle } from 'node:fs/promises'

const bufferBytes = 2 ** 18

/** A part of a file, written from its start on. */
export class Region {
  readonly #file: FileHandle
  readonly #buffer = Buffer.allocUnsafe(bufferBytes)
  #filled = 0
  #position: number

  constructor(file: FileHandle, position: number) {
    this.#file = file
    this.#position = position
  }

  /** Where the next byte goes in the file. */
  get position(): number {
    return this.#position + this.#filled
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > bufferBytes - this.#filled) await this.flush()
    if (bytes.length > bufferBytes) await this.#put(bytes)
    else {
      this.#buffer.set(bytes, this.#filled)
      this.#filled += bytes.length
    }
  }

  writeInt32(value: number): Promise<void> {
    const cell = Buffer.allocUnsafe(4)
    cell.writeInt32LE(value)
    return this.write(cell)
  }

  /** @param value a safe integer */
  writeInt64(value: number): Promise<void> {
    const cell = Buffer.allocUnsafe(8)
    cell.writeBigInt64LE(BigInt(value))
    return this.write(cell)
  }

  async flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled)
    this.#filled = 0
    await this.#put(bytes)
  }

  async #put(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#position)
      at += bytesWritten
      this.#position += bytesWritten
    }
  }
}

/** A new file of an export, in one region or several. */
export class ExportFile implements AsyncDisposable {
  readonly #file: FileHandle
  readonly #regions: Region[] = []

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** @throws Error of the file system, also when it is there */
  static async create(path: string): Promise<ExportFile> {
    return new ExportFile(await open(path, 'wx'))
  }

  /** A part of the file that begins there. */
  region(position = 0): Region {
    const region = new Region(this.#file, position)
    this.#regions.push(region)
    return region
  }

  /** All of it is durable. */
  async finish(): Promise<void> {
    for (const region of this.#regions) await region.flush()
    await this.#file.sync()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close()
  }
}
