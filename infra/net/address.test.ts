import { expect, test } from 'vitest'
import { isPublicAddress } from './address.ts'

test.each(['8.8.8.8', '93.184.216.34', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) =>
  expect(isPublicAddress(address)).toBe(true),
)

test.each(
  '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.255 168.63.129.16 169.254.169.254 100.100.100.200 fd00:ec2::254 172.16.0.1 172.31.255.255 192.168.1.1 192.0.2.1 198.18.0.1 203.0.113.7 224.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe fe80::1 fc00::1 ff02::1 2001:db8::1 2002:7f00:1:: 3fff::1 localhost 1.2.3'.split(
    ' ',
  ),
)('%s is not', (address) => expect(isPublicAddress(address)).toBe(false))
