import { basename } from 'node:path'
import { contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { TextEncoder } from './text-encoder.ts'
import { readFile } from './vocabulary.ts'

/** Of npm, where it is installed: Google's library as WebAssembly. */
const library = '@sctg/sentencepiece-js'
interface Library {
  SentencePieceProcessor: new () => { load(path: string): Promise<void>; encodeIds(text: string): ArrayLike<number>; decodeIds(ids: number[]): string }
}

/** What ends a document, the first of them that the model has. */
const endsOfText = ['</s>', '<eos>', '<|endoftext|>']
const nameCharsMax = 64
const control = 3

/**
 * A SentencePiece model, through a library that the project does without: a tenth as fast as ours.
 * @throws OrreryError `invalid_config` when the library is not installed, or the file is no model that ends its texts
 */
export async function openSentencePiece(path: string): Promise<TextEncoder> {
  const file = readFile(path)
  const pieces = piecesOf(file, path)
  const endOfText = endsOfText.map((end) => pieces.findIndex(({ piece, type }) => piece === end && type === control)).find((id) => id >= 0)
  if (endOfText === undefined) throw refusal(path, `it has none of the pieces that end a text (${endsOfText.join(' ')})`)
  const { SentencePieceProcessor } = await installed(path)
  const processor = new SentencePieceProcessor()
  await processor.load(path)
  return {
    vocabulary: {
      name: basename(path, '.model').slice(0, nameCharsMax) || 'sentencepiece',
      endOfText,
      endSpelling: pieces[endOfText]?.piece ?? '',
      size: pieces.length,
      fingerprint: contentAddress({ sentencepiece: sha256Hex(file) }),
    },
    encode: (text) => Uint32Array.from(processor.encodeIds(text.toWellFormed())),
    decode: (tokens) => Buffer.from(processor.decodeIds([...tokens])),
  }
}

async function installed(path: string): Promise<Library> {
  try {
    return (await import(library)) as Library
  } catch (cause) {
    const message = `dataset.tokenizer: ${path} is a SentencePiece model; install ${library} (npm install --no-save ${library}), or name a tokenizer.json.`
    throw new OrreryError('invalid_config', message, { path }, cause)
  }
}

const refusal = (path: string, problem: string): OrreryError =>
  new OrreryError('invalid_config', `dataset.tokenizer: ${path} is no SentencePiece model: ${problem}.`, { path })

/** Field 1 of ModelProto (sentencepiece_model.proto), each a message of piece = 1, score = 2, type = 3. */
function piecesOf(file: Buffer, path: string): { piece: string; type: number }[] {
  const pieces: { piece: string; type: number }[] = []
  try {
    for (const { field, bytes } of fieldsOf(file)) {
      if (field !== 1 || !bytes) continue
      const found = { piece: '', type: 1 }
      for (const part of fieldsOf(bytes)) {
        if (part.field === 1 && part.bytes) found.piece = part.bytes.toString()
        if (part.field === 3) found.type = part.value
      }
      pieces.push(found)
    }
  } catch {
    throw refusal(path, 'its bytes are no such message')
  }
  return pieces
}

/** Fields of a protobuf message. @throws RangeError where it is torn */
function* fieldsOf(message: Buffer): Generator<{ field: number; value: number; bytes?: Buffer }> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = message.readUInt8(at++)
      value += (byte & 127) * shift
      if (byte < 128) return value
      if (shift > 2 ** 49) throw new RangeError('a number without end')
    }
  }
  while (at < message.length) {
    const key = varint()
    const [field, kind] = [Math.floor(key / 8), key % 8]
    if (kind === 0) yield { field, value: varint() }
    else {
      const length = kind === 2 ? varint() : kind === 5 ? 4 : kind === 1 ? 8 : Number.NaN
      if (!(at + length <= message.length)) throw new RangeError('a field without end')
      yield { field, value: length, bytes: message.subarray(at, (at += length)) }
    }
  }
}
