import { OrreryError } from '#schemas/errors.ts'

const fieldsMax = 20
const fieldBytesMax = 16 << 10
/** Headers of one part. */
const headBytesMax = 4 << 10

export interface UploadForm {
  /** Those that came before the file, each at most 16 KiB. */
  fields: ReadonlyMap<string, string>
  /** The bytes of the part `file`, in the pieces that they came in. Ends with an error where the form breaks off. */
  file: AsyncGenerator<Uint8Array>
}

/** The boundary of a `multipart/form-data` body. @throws OrreryError `unsupported_media_type` */
export function boundaryOf(contentType: string | undefined): string {
  const [, quoted, plain] = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))(?=\s|;|$)/i.exec(contentType ?? '') ?? []
  const boundary = quoted ?? plain
  if (boundary !== undefined) return boundary
  throw new OrreryError('unsupported_media_type', 'An upload is a form (multipart/form-data with a boundary), as its answer said.', {
    taken: ['multipart/form-data'],
  })
}

/**
 * Reads a form (RFC 7578) as S3 takes it: fields first, then one part `file`, what follows is not looked at. Nothing is kept but the fields and the piece that is
 * at hand. @throws OrreryError `invalid_record` for what is no such form
 */
export async function readForm(body: AsyncIterable<Uint8Array>, boundary: string): Promise<UploadForm> {
  const reader = new PartReader(body, boundary)
  const fields = new Map<string, string>()
  await reader.skipTo()
  for (;;) {
    const name = await reader.head()
    if (name === undefined) throw broken('it has no part "file"')
    if (name === 'file') return { fields, file: reader.file() }
    if (fields.size >= fieldsMax || fields.has(name)) throw broken(`it has a field "${name}" twice, or more than ${fieldsMax} fields`)
    fields.set(name, await reader.value())
  }
}

class PartReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #delimiter: Buffer
  /** Read, and not taken yet. */
  #held: Buffer = Buffer.alloc(0)

  constructor(body: AsyncIterable<Uint8Array>, boundary: string) {
    this.#pieces = body[Symbol.asyncIterator]()
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  /** To behind the first delimiter, which has no line before it. */
  async skipTo(): Promise<void> {
    this.#held = Buffer.from('\r\n')
    await this.#take(this.#delimiter, headBytesMax)
  }

  /** Name of the part that begins here; undefined where the form ends. */
  async head(): Promise<string | undefined> {
    while (this.#held.length < 2) await this.#more()
    if (this.#held.subarray(0, 2).toString() === '--') return undefined
    const head = (await this.#take(Buffer.from('\r\n\r\n'), headBytesMax)).toString()
    const [, name] = /^content-disposition:\s*form-data\s*;(?:[^\r\n]*;)?\s*name="([^"\r\n]{1,100})"/im.exec(head) ?? []
    if (name === undefined) throw broken('a part has no name')
    return name
  }

  async value(): Promise<string> {
    return (await this.#take(this.#delimiter, fieldBytesMax)).toString()
  }

  async *file(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const at = this.#held.indexOf(this.#delimiter)
        if (at >= 0) {
          const end = at + this.#delimiter.length
          while (this.#held.length < end + 2) await this.#more()
          // What only begins like a delimiter is of the file (RFC 2046 §5.1.1).
          const isEnd = /^(?:--|\r\n|[ \t])/.test(this.#held.subarray(end, end + 2).toString('latin1'))
          const own = this.#held.subarray(0, isEnd ? at : end)
          if (own.length > 0) yield own
          if (isEnd) return
          this.#held = this.#held.subarray(end)
          continue
        }
        // The end of what is held may be the beginning of a delimiter.
        const sure = this.#held.length - (this.#delimiter.length - 1)
        if (sure > 0) {
          yield this.#held.subarray(0, sure)
          this.#held = this.#held.subarray(sure)
        }
        await this.#more()
      }
    } finally {
      await this.#pieces.return?.()
    }
  }

  /** What stands before `end`, which is passed over. */
  async #take(end: Buffer, bytesMax: number): Promise<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(end)
      if (at > bytesMax || (at < 0 && this.#held.length > bytesMax + end.length))
        throw broken(`a field, or the head of a part, has more than ${bytesMax} bytes`)
      if (at >= 0) {
        const taken = this.#held.subarray(0, at)
        this.#held = this.#held.subarray(at + end.length)
        return taken
      }
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#pieces.next()
    if (done) throw broken('it breaks off')
    this.#held = this.#held.length === 0 ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.concat([this.#held, value])
  }
}

const broken = (why: string): OrreryError =>
  new OrreryError('invalid_record', `The upload is no form that is taken here: ${why}; send the fields of the answer and then the part "file".`)
