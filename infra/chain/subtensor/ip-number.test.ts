import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipNumber, ipText } from './ip-number.ts'

test('an IP is the number that the chain has it as', () => {
  expect(ipNumber('192.0.2.1')).toEqual({ ip: '3221225985', ipType: 4 })
  expect(ipNumber('2001:db8::1')).toEqual({ ip: '42540766411282592856903984951653826561', ipType: 6 })
  expect(ipNumber('::ffff:192.0.2.1')).toEqual({ ip: '281473902969345', ipType: 6 })
})

test('and comes back', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (ip) => {
      const { ip: number, ipType } = ipNumber(ip)
      expect(ipNumber(ipText(BigInt(number), ipType))).toEqual({ ip: number, ipType })
    }),
  )
})

test.each(['', 'localhost', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', 'fe80::1%eth0', '::g', '[::1]'])('refuses %j', (ip) => {
  expect(() => ipNumber(ip)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})
