import { open, mkdir, readdir, rename, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { OrreryError } from '#schemas/errors.ts'
import { isWholeMember, memberHeadBytes, memberLength, packMember } from './gzip-member.ts'
import { exchangeRecords, warcinfoRecord, type ArchivedExchange } from './warc-record.ts'

export interface WarcWriterOptions {
  /** Made when missing. One writer at a time per folder and name. */
  folder: string
  /** Files are `NAME-00001.warc.gz`, …; the one that is written to ends in `.open`. */
  name: string
  /** A file that has reached this size is closed. */
  fileBytesMax: number
  /** Written into each file: name and version of the program. */
  software: string
  /** Sent with every request, beside those of the exchange. */
  requestHeaders: Readonly<Record<string, string>>
  /** The clock that stamps facts. */
  now(): number
}

export interface WarcWriter extends AsyncDisposable {
  /** Appends request and response (or revisit). When it resolves, a crash of this process loses nothing of it. Calls may overlap. */
  write(exchange: Omit<ArchivedExchange, 'at'>): Promise<void>
}

const suffix = '.warc.gz'
const openSuffix = `${suffix}.open`

/** Goes on with the file a crash left open, cut after its last whole record. @throws OrreryError `data_unreadable` when the folder cannot be used */
export async function openWarcWriter(options: WarcWriterOptions): Promise<WarcWriter> {
  try {
    await mkdir(options.folder, { recursive: true })
    const files = new WarcFiles(options)
    await files.resume()
    // One write after the other, in the order of the calls.
    let last: Promise<void> = Promise.resolve()
    return {
      write(exchange) {
        const requestHeaders = { ...options.requestHeaders, ...exchange.requestHeaders }
        const written = last.then(() => files.append({ ...exchange, requestHeaders, at: options.now() }))
        last = written.catch(() => undefined)
        return written
      },
      async [Symbol.asyncDispose]() {
        await last
        await files.close()
      },
    }
  } catch (cause) {
    const { folder } = options
    throw new OrreryError(
      'data_unreadable',
      `The WARC folder ${folder} cannot be written to (${(cause as Error).message}); check its rights and the disk.`,
      { folder },
      cause,
    )
  }
}

interface OpenFile {
  handle: FileHandle
  number: number
  /** Whole records only. */
  bytes: number
}

class WarcFiles {
  readonly #options: WarcWriterOptions
  #current: OpenFile | undefined
  #lastNumber = 0

  constructor(options: WarcWriterOptions) {
    this.#options = options
  }

  async resume(): Promise<void> {
    const { folder, name } = this.#options
    const numbers = (await readdir(folder)).flatMap((file) => {
      const [, digits, kind] = new RegExp(`^${RegExp.escape(name)}-(\\d{5,9})\\.warc\\.gz(\\.open)?$`).exec(file) ?? []
      return digits === undefined ? [] : [{ number: Number(digits), isOpen: kind !== undefined }]
    })
    this.#lastNumber = Math.max(0, ...numbers.map(({ number }) => number))
    const left = numbers.find(({ isOpen }) => isOpen)
    if (!left) return
    const handle = await open(this.#path(left.number, openSuffix), 'r+')
    const bytes = await wholeBytes(handle)
    await handle.truncate(bytes)
    this.#current = { handle, number: left.number, bytes }
    if (bytes === 0) await this.#introduce(this.#current)
  }

  async append(exchange: ArchivedExchange): Promise<void> {
    const file = this.#current ?? (await this.#start())
    await this.#put(file, await exchangeRecords(exchange))
    if (file.bytes >= this.#options.fileBytesMax) await this.close()
  }

  /** The file gets its own name when it is whole and durable. */
  async close(): Promise<void> {
    const file = this.#current
    if (!file) return
    this.#current = undefined
    await file.handle.sync()
    await file.handle.close()
    await rename(this.#path(file.number, openSuffix), this.#path(file.number, suffix))
  }

  async #start(): Promise<OpenFile> {
    const number = ++this.#lastNumber
    const handle = await open(this.#path(number, openSuffix), 'wx+')
    this.#current = { handle, number, bytes: 0 }
    await this.#introduce(this.#current)
    return this.#current
  }

  async #introduce(file: OpenFile): Promise<void> {
    const { now, software } = this.#options
    await this.#put(file, [await warcinfoRecord({ software, at: now(), file: this.#name(file.number, suffix) })])
  }

  /** All at one place: what a torn write leaves is written over by the next. */
  async #put(file: OpenFile, records: readonly Uint8Array[]): Promise<void> {
    const members = Buffer.concat(await Promise.all(records.map(packMember)))
    for (let done = 0; done < members.length;) done += (await file.handle.write(members, done, members.length - done, file.bytes + done)).bytesWritten
    file.bytes += members.length
  }

  #name(number: number, ending: string): string {
    return `${this.#options.name}-${String(number).padStart(5, '0')}${ending}`
  }

  #path(number: number, ending: string): string {
    return join(this.#options.folder, this.#name(number, ending))
  }
}

/** Length of the file up to the first member that is torn or none of ours. */
async function wholeBytes(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat()
  for (let at = 0; ;) {
    const head = await readAt(handle, at, memberHeadBytes)
    const length = memberLength(head)
    if (length === undefined || length > size - at) return at
    const member = await readAt(handle, at, length)
    if (!isWholeMember(member)) return at
    at += length
  }
}

async function readAt(handle: FileHandle, at: number, count: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(count), 0, count, at)
  return buffer.subarray(0, bytesRead)
}
