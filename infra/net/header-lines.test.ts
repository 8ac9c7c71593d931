import fc from 'fast-check'
import { deserialize, serialize } from 'node:v8'
import { expect, test } from 'vitest'
import { headerValue, headerValues, parseHeaderLines } from './header-lines.ts'

test('every line of a name is a value of its own, in its order, whatever stands in it', () => {
  const headers = parseHeaderLines(['TDM-Reservation: 0, 0', 'X: y', 'tdm-reservation:1', 'Tdm-Reservation : a', '\tb', 'no header', ' and its end', ':'])
  expect(headerValues(headers, 'tdm-reservation')).toEqual(['0, 0', '1', 'a b'])
  expect(headerValue(headers, 'tdm-reservation')).toBe('0, 0')
  expect([headerValues(headers, 'z'), headerValue(headers, 'z')]).toEqual([[], undefined])
  expect(Object.keys(headers)).toEqual(['tdm-reservation', 'x'])
})

test('a value is read alike alone and in a list', () => {
  expect(headerValues({ link: '</a>' }, 'link')).toEqual(headerValues({ link: ['</a>'] }, 'link'))
  expect(headerValue({ link: '</a>' }, 'link')).toBe(headerValue({ link: ['</a>', '</b>'] }, 'link'))
})

test('any lines pass to another process as they are', () => {
  const line = fc.tuple(
    fc.constantFrom('a', 'B', '__proto__', 'constructor'),
    fc.string().map((value) => value.trim()),
  )
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const headers = deserialize(serialize(parseHeaderLines(lines.map(([name, value]) => `${name}: ${value}`)))) as ReturnType<typeof parseHeaderLines>
      for (const [name] of lines) {
        const of = lines.filter(([other]) => other === name).map(([, value]) => value)
        expect(headerValues(headers, name.toLowerCase())).toEqual(of)
      }
    }),
  )
})
