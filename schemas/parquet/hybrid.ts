import { reserve, type Page } from './page.ts'

/**
 * Appends `values[from, to)` as a hybrid of runs and bit-packed groups of eight (parquet-format Encodings.md, RLE), each `width` bits, without a length in
 * front. Eight equal values or more are a run.
 */
export function appendHybrid(page: Page, values: Uint16Array, from: number, to: number, width: number): void {
  let packedFrom = from
  let at = from
  while (at < to) {
    let end = at + 1
    while (end < to && values[end] === values[at]) end++
    // The groups before the run are filled up from it.
    const runFrom = at + ((8 - ((at - packedFrom) & 7)) & 7)
    if (end - runFrom >= 8) {
      appendPacked(page, values, packedFrom, runFrom, width)
      appendRun(page, values[at] as number, end - runFrom, width)
      packedFrom = end
    }
    at = end
  }
  appendPacked(page, values, packedFrom, to, width)
}

function appendRun(page: Page, value: number, count: number, width: number): void {
  appendVarint(page, count * 2)
  reserve(page, 2)
  page.bytes[page.length++] = value
  if (width > 8) page.bytes[page.length++] = value >>> 8
}

/** Least significant bit first; the last group is padded with zeros. */
function appendPacked(page: Page, values: Uint16Array, from: number, to: number, width: number): void {
  if (from === to) return
  const groups = (to - from + 7) >> 3
  appendVarint(page, groups * 2 + 1)
  reserve(page, groups * width + 4)
  const { bytes } = page
  let at = page.length
  let [bits, held] = [0, 0]
  for (let n = from; n < to; n++) {
    bits |= (values[n] as number) << held
    held += width
    for (; held >= 8; held -= 8) {
      bytes[at++] = bits
      bits >>>= 8
    }
  }
  if (held > 0) bytes[at++] = bits
  bytes.fill(0, at, page.length + groups * width)
  page.length += groups * width
}

function appendVarint(page: Page, value: number): void {
  reserve(page, 5)
  let left = value
  for (; left >= 0x80; left >>>= 7) page.bytes[page.length++] = left | 0x80
  page.bytes[page.length++] = left
}
