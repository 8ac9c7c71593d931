import { describe, expect, test } from 'vitest'
import { replacePersonalData } from './personal-data.ts'

const clean = (text: string): string => replacePersonalData(text).text

describe('four numbers are an address', () => {
  test.each([
    'from 93.184.215.14 and',
    '93.184.215.14',
    'IP: 93.184.215.14, 5.9.200.77',
    'Jane 93.184.215.14 wrote',
    'http://93.184.215.14:8080/x',
    'root@5.9.200.77',
    'server 5.9.200.1;',
    'ping 5.0.0.99',
    '93.184.215.14/16',
    '5.0.0.99:25565',
    'IP地址93.184.215.14。',
    '::ffff:93.184.215.14',
    'Chrome 124.0.67.91 came from 93.184.215.14',
  ])('in %s', (text) => expect(clean(text)).toBe(text.replaceAll(/(?:93|5)\.(?:184|9|0)\.\d+\.\d+/g, '[ip]')))
  test('but no network', () => {
    const text = '93.184.0.0/16, 93.184.215.128/25, 2001:4f8:3:ba::/64'
    expect(clean(text)).toBe(text)
  })
  test('whatever their range is said to be, but one that is nobody’s', () => {
    const text = '192.0.2.55 198.51.100.200 203.0.113.9 10.20.30.40 172.31.254.254 100.100.100.200 224.0.0.251 2001:db8::1 fe80::1'
    expect(clean(text)).toBe(text)
  })
})

describe('four numbers are a version or a section', () => {
  test.each([
    'Version 101.70.131.90, version: 101.70.131.90, v101.70.131.90, Version (101.70.131.90)',
    '{"packageVersion":"101.70.131.90","version" : "101.70.131.90"} version="101.70.131.90" <version>101.70.131.90</version>',
    'AssemblyVersion("101.70.131.90") FileVersion: 101.70.131.90',
    'release 101.70.131.90, build 101.70.131.90, firmware 101.70.131.90, BIOS 101.70.131.90, driver 101.70.131.90',
    'the Linux kernel 101.70.131.90; Linux kernel 5.15.0.101',
    'versión 101.70.131.90 версия 101.70.131.90 版本：101.70.131.90 バージョン 101.70.131.90 버전 101.70.131.90',
    'deps: update V8 to 9.6.180.14, upgraded from 101.70.131.90 to 101.70.131.91',
    'foo==101.70.131.90 foo>=101.70.131.90 nginx:1.25.200.3 foo@45.10.200.11 foo-101.70.131.90.tar.gz',
    'Player before 11.1.115.8, through 11.2.202.233, 31.0.0.108 and earlier',
    "'com.foo:bar:45.10.200.11' gem 'foo', '~> 45.10.200.11'",
    '## 45.10.200.11\n[45.10.200.11] - 2024-01-02\nChanges in 45.10.200.11',
    'Adobe Flash Player 10.1.53.64, then 10.0.45.2 and 32.0.0.114',
    'SQL Server 11.0.60.20, Exchange Server 15.1.225.42, Oracle 11.2.0.240, iTunes 12.10.11.200',
    'Mozilla/5.0 AppleWebKit/537.36 Chrome/124.0.67.91 Safari/537.36',
    'Section 36.4.4.2, section 12.4.33.1, § 45.12.130.18, Kapitel 45.12.130.18, clause 45.12.130.18, раздел 45.12.130.18, Table 45.12.130.18',
    '36.4.4.3. Composite Types\n## 45.12.30.18 Title\n45.12.30.18 Title ....... 12',
    '1.2.3.4 8.8.8.8 OID 2.16.140.1 and 1.3.6.1.4.1.311, ObjectIdentifier("1.3.101.112")',
  ])('in %s', (text) => expect(clean(text)).toBe(text))
})
