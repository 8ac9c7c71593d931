import { compareBytes } from './bounds.ts'

/** The values of one page while it is filled, PLAIN encoded. One is used for all pages of a file, so that no page costs an allocation. */
export interface Page {
  bytes: Buffer
  /** Of the same bytes, to write several in one step. */
  view: DataView
  length: number
  /** Where the value appended last begins, without its length prefix. */
  valueStart: number
  /** The least and the greatest value in the order of unsigned bytes, as places in `bytes`; `from` is −1 while there is none. */
  least: { from: number; to: number }
  greatest: { from: number; to: number }
}

export function newPage(roomBytes: number): Page {
  const bytes = Buffer.allocUnsafeSlow(roomBytes)
  return { bytes, view: viewOf(bytes), length: 0, valueStart: 0, least: { from: -1, to: -1 }, greatest: { from: -1, to: -1 } }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

export function clearPage(page: Page): void {
  page.length = 0
  page.least.from = page.greatest.from = -1
}

/** A length of four bytes, then UTF-8; a lone surrogate becomes U+FFFD. */
export function appendText(page: Page, text: string): void {
  reserve(page, 4 + 3 * text.length)
  endValue(page, page.length + 4 + page.bytes.write(text, page.length + 4))
}

/** Makes what was written behind four free bytes, up to `end`, the next value. */
export function endValue(page: Page, end: number): void {
  page.valueStart = page.length + 4
  page.view.setInt32(page.length, end - page.valueStart, true)
  page.length = end
}

/** A length of four bytes, then the bytes. */
export function appendBinary(page: Page, value: Uint8Array): void {
  reserve(page, 4 + value.length)
  page.bytes.set(value, page.length + 4)
  endValue(page, page.length + 4 + value.length)
}

/** The bytes as they are. */
export function appendBytes(page: Page, bytes: Uint8Array): void {
  reserve(page, bytes.length)
  page.bytes.set(bytes, page.length)
  page.length += bytes.length
}

export function appendInt32(page: Page, value: number): void {
  reserve(page, 4)
  page.view.setInt32(page.length, value, true)
  page.length += 4
}

/** @param ms of a Date; written as microseconds, which a number does not hold: thousandfold its halves, each within 2^43 */
export function appendMicros(page: Page, ms: number): void {
  const low = (ms - Math.floor(ms / 2 ** 32) * 2 ** 32) * 1000
  reserve(page, 8)
  page.view.setInt32(page.length, (low % 2 ** 32) | 0, true)
  page.view.setInt32(page.length + 4, (Math.floor(ms / 2 ** 32) * 1000 + Math.floor(low / 2 ** 32)) | 0, true)
  page.length += 8
}

/** @param value a whole number, at most 2^53 in size */
export function appendInt64(page: Page, value: number): void {
  reserve(page, 8)
  page.view.setInt32(page.length, (value % 2 ** 32) | 0, true)
  page.view.setInt32(page.length + 4, Math.floor(value / 2 ** 32), true)
  page.length += 8
}

export function appendDouble(page: Page, value: number): void {
  reserve(page, 8)
  page.view.setFloat64(page.length, value, true)
  page.length += 8
}

/** Takes the value appended last into the bounds. */
export function noteBytes({ bytes, valueStart, length, least, greatest }: Page): void {
  if (least.from < 0 || compareBytes(bytes, valueStart, length, bytes, least.from, least.to) < 0) {
    least.from = valueStart
    least.to = length
  }
  if (greatest.from < 0 || compareBytes(bytes, valueStart, length, bytes, greatest.from, greatest.to) > 0) {
    greatest.from = valueStart
    greatest.to = length
  }
}

export function reserve(page: Page, more: number): void {
  const needed = page.length + more
  if (needed <= page.bytes.length) return
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * page.bytes.length))
  page.bytes.copy(larger, 0, 0, page.length)
  page.bytes = larger
  page.view = viewOf(larger)
}
