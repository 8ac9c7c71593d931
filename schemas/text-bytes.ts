/** Whether the text takes at most so many bytes in UTF-8. */
export const fitsBytes = (text: string, bytesMax: number): boolean =>
  // A UTF-16 unit takes one byte to three.
  3 * text.length <= bytesMax || (text.length <= bytesMax && Buffer.byteLength(text) <= bytesMax)

/** The beginning of a text in so many bytes of UTF-8, without half a character at the end. */
export function startOf(text: string, bytesMax: number): string {
  if (fitsBytes(text, bytesMax)) return text
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(text.slice(0, bytesMax)).subarray(0, bytesMax), { stream: true })
}
