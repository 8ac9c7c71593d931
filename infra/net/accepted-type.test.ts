import { expect, test } from 'vitest'
import { acceptedType } from './accepted-type.ts'

const types = ['application/json', 'application/x-ndjson', 'application/vnd.apache.arrow.stream'] as const
const [json, ndjson, arrow] = types

test.each([
  [undefined, json],
  ['', json],
  [' , ', json],
  ['*/*', json],
  ['Application/X-NDJSON', ndjson],
  ['application/x-ndjson;q=0.1, application/json;q=0', ndjson],
  ['application/json;q=0, */*', ndjson],
  ['application/vnd.apache.arrow.stream, application/json;q=0.9', arrow],
  ['text/html, application/xhtml+xml, */*;q=0.8', json],
  ['application/*;q=0.5', json],
  ['application/json; q=0, application/x-ndjson', ndjson],
  ['application/json ; q=0.1 ,\tapplication/x-ndjson;\tq=0.2', ndjson],
  ['application/json; charset=utf-8', json],
  ['application/x-ndjson; profile="a,b;q=0"; q=0.9, application/json; q=0.1; charset="utf-8"', ndjson],
  [`application/x-ndjson${';a=b'.repeat(4000)}`, ndjson],
  ['application/json;Q=0.2,application/x-ndjson;q=0.3', ndjson],
])('Accept: %s gives %s', (accept, type) => {
  expect(acceptedType(accept, types)).toBe(type)
})

test('what it costs to read follows its length', () => {
  expect(acceptedType(`a/b;${' '.repeat(1_000_000)}x, application/x-ndjson`, types)).toBe(ndjson)
})

test.each(['text/html', 'application/json; q=0', '*/*;q=0', 'application/json;q=0', 'application/json;q=0.000'])('Accept: %s takes nothing of it', (accept) => {
  expect(() => acceptedType(accept, types)).toThrow(expect.objectContaining({ code: 'not_acceptable', status: 406, details: { available: types } }))
})
