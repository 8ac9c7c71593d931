import { states } from './row-table.ts'
import type { AddedRow, IndexChange, RowName, RowPlace, RowState } from '#schemas/corpus-index.ts'
import { signatureBytes } from '#schemas/identity/signature.ts'
import { refuse, requireInteger, requireOneOf } from '../sqlite/arguments.ts'

const sha256 = /^[0-9a-f]{64}$/
const uriBytesMax = 8192
const nameBytesMax = 1024
const u32Max = 2 ** 32 - 1

/** Whether a change can be what it says, as far as it says so itself. @throws OrreryError `invalid_argument` naming what is wrong */
export function checkChange({ add = [], change = [], addFiles = [], dropFiles = [], withdrawn = [], keepers = [] }: IndexChange): void {
  const checkName = (argument: string, name: RowName): void => {
    if ('added' in name) requireInteger(argument, name.added, 0, add.length - 1)
    else requireInteger(argument, name.ordinal, 0, u32Max)
  }
  for (const [at, row] of add.entries()) {
    checkRow(`add[${at}]`, row)
    for (const name of row.joins ?? []) {
      checkName('joins', name)
      if ('added' in name && name.added === at) throw refuse('joins', at, 'another row')
    }
  }
  for (const [at, { state, place }] of change.entries()) checkPlace(`change[${at}]`, state, place)
  for (const file of [...addFiles, ...dropFiles]) if (!sha256.test(file)) throw refuse('file', file, 'the sha256 of a file in lower-case hex')
  for (const { uri, version } of withdrawn) {
    requireNamed('withdrawn.uri', uri, uriBytesMax)
    requireInteger('withdrawn.version', version, 0)
  }
  for (const { paragraph, keeper } of keepers) {
    checkParagraph(paragraph)
    checkName('keeper', keeper)
  }
}

function checkRow(name: string, { facts, signature, state, place, paragraphs = [] }: AddedRow): void {
  for (const key of ['id', 'htmlSha256'] as const) if (!sha256.test(facts[key])) throw refuse(`${name}.${key}`, facts[key], '64 lower-case hex digits')
  requireNamed(`${name}.uri`, facts.uri, uriBytesMax)
  for (const key of ['hotkey', 'jobId', 'label'] as const) requireNamed(`${name}.${key}`, facts[key], nameBytesMax)
  requireInteger(`${name}.version`, facts.version, 0)
  requireInteger(`${name}.fetchedAt`, facts.fetchedAt, Number.MIN_SAFE_INTEGER)
  if (facts.publishedAt !== null) requireInteger(`${name}.publishedAt`, facts.publishedAt, Number.MIN_SAFE_INTEGER)
  requireInteger(`${name}.textBytes`, facts.textBytes, 0)
  requireInteger(`${name}.addressFit`, facts.addressFit ?? 0, -1, 1)
  checkSignature(signature)
  checkPlace(name, state, place)
  for (const paragraph of paragraphs) checkParagraph(paragraph.name)
}

/** Anybody's text: whatever stands in it, a row must not keep others from being known. */
function requireNamed(name: string, value: string, bytesMax: number): void {
  if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > bytesMax) throw refuse(name, value, `text of 1..${bytesMax} bytes`)
}

/** @throws OrreryError `invalid_argument` */
export function checkSignature(signature: Uint8Array): void {
  if (!(signature instanceof Uint8Array) || signature.length !== signatureBytes)
    throw refuse('signature', signature?.length, `a MinHash signature of ${signatureBytes} bytes`)
}

/** @throws OrreryError `invalid_argument` */
export function checkParagraph(name: string): void {
  if (!/^[0-9a-f]{16}$/.test(name)) throw refuse('paragraph', name, '16 lower-case hex digits')
}

function checkPlace(name: string, state: RowState, place: RowPlace | null): void {
  requireOneOf(`${name}.state`, state, states)
  if ((state === 'remembered') !== (place === null))
    throw refuse(`${name}.place`, place?.file ?? null, 'a place for a row that stands in a file, null for a remembered one')
  if (!place) return
  if (!sha256.test(place.file)) throw refuse(`${name}.place.file`, place.file, 'the sha256 of a file in lower-case hex')
  requireInteger(`${name}.place.row`, place.row, 0, u32Max)
}
