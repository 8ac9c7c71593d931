/** A file that is read by ranges. */
export interface FileBytes {
  readonly byteLength: number
  /** The bytes of [start, end), which nobody changes; less only where the file ends. */
  slice(start: number, end: number): Promise<Uint8Array>
}

export const inMemory = (bytes: Uint8Array): FileBytes => ({ byteLength: bytes.length, slice: async (start, end) => bytes.subarray(start, end) })
