import type { TokenizerRef } from '#schemas/token-list.ts'
import type { TokenDocument } from './token-documents.ts'

/** What a format is told before the first document. */
export interface ExportPlan {
  /** Where its files go: it is there, and empty. */
  folder: string
  /** What its files are called. */
  name: string
  /** Bytes of a token: u16, or u32 where the vocabulary has more. */
  width: 2 | 4
  /** So many come. */
  documents: number
  tokenizer: TokenizerRef
}

/** Writes the documents of an export, one after the other, in memory that does not grow with them. What it wrote is there for good once `finish` is done. */
export interface TokenWriter extends AsyncDisposable {
  write(document: TokenDocument): Promise<void>
  finish(): Promise<void>
}

export type OpenWriter = (plan: ExportPlan) => Promise<TokenWriter>

/** Little-endian, as all formats have them. */
export function tokenBytes(tokens: Uint32Array, width: 2 | 4): Uint8Array {
  const cells = width === 2 ? Uint16Array.from(tokens) : tokens
  return new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength)
}
