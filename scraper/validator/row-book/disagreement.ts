import type { RowList } from '#schemas/row-list.ts'
import type { ListedRows } from './row-book.ts'

/** Where a list says something else than the snapshot that names it. */
export function disagreementOf(list: RowList, { textBytes, labels, hours }: Omit<ListedRows, 'list'>): string | undefined {
  const ofLabel = new Uint32Array(labels.length)
  let [bytes, others, first, last] = [0, 0, Infinity, -Infinity]
  for (let row = 0; row < list.rows; row++) {
    bytes += list.textBytes[row] as number
    first = Math.min(first, list.hour[row] as number)
    last = Math.max(last, list.hour[row] as number)
    const label = list.label[row] as number
    if (label < ofLabel.length) ofLabel[label] = (ofLabel[label] as number) + 1
    else others++
  }
  if (bytes !== textBytes) return `its rows have ${bytes} bytes of text, its snapshot says ${textBytes}`
  if (others > 0 || labels.some(([, rows], place) => rows !== ofLabel[place])) return 'its rows have other labels than its snapshot says'
  if (list.rows > 0 && (first !== hours?.first || last !== hours.last)) return `its rows are of the hours ${first} to ${last}, its snapshot says others`
  return undefined
}
