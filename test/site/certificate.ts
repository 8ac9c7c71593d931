import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

export interface Certificate {
  /** PEM. */
  cert: string
  /** PEM, PKCS #8. */
  key: string
}

export interface Authority extends Certificate {
  name: string
  signingKey: KeyObject
}

export interface CertificateWish {
  /** DNS names it is for. */
  names: readonly string[]
  notBefore?: Date
  notAfter?: Date
}

/** X.509 (RFC 5280) by hand, so that no private key lies in the repository and every date can be had. */
const tagged = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const sequence = (...parts: Uint8Array[]): Buffer => tagged(0x30, ...parts)
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'))
const octets = (body: Uint8Array): Buffer => tagged(0x04, body)
const bits = (body: Uint8Array): Buffer => tagged(0x03, Buffer.of(0), body)
const time = (date: Date): Buffer => tagged(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')))
const named = (name: string): Buffer => sequence(tagged(0x31, sequence(oid('550403'), tagged(0x0c, Buffer.from(name)))))

const ecdsaSha256 = sequence(oid('2a8648ce3d040302'))
const yearMs = 365 * 86_400_000
let serials = 0

/** An authority to pass to a client as the only one it trusts. */
export function createAuthority(name = 'Orrery test authority'): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const isAuthority = sequence(oid('551d13'), tagged(0x01, Buffer.of(0xff)), octets(sequence(tagged(0x01, Buffer.of(0xff)))))
  return { ...build(name, publicKey, privateKey, { name, signingKey: privateKey }, isAuthority, {}), name, signingKey: privateKey }
}

/** A server's certificate. @param issuer undefined = signed by itself */
export function issueCertificate({ names, ...dates }: CertificateWish, issuer?: Authority): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const alternative = sequence(oid('551d11'), octets(sequence(...names.map((name) => tagged(0x82, Buffer.from(name))))))
  const subject = names[0] ?? 'nobody'
  return build(subject, publicKey, privateKey, issuer ?? { name: subject, signingKey: privateKey }, alternative, dates)
}

function build(
  subject: string,
  publicKey: KeyObject,
  privateKey: KeyObject,
  issuer: Pick<Authority, 'name' | 'signingKey'>,
  extension: Buffer,
  { notBefore = new Date(Date.now() - yearMs), notAfter = new Date(Date.now() + yearMs) }: Omit<CertificateWish, 'names'>,
): Certificate {
  const signed = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.of(1, ++serials)),
    ecdsaSha256,
    named(issuer.name),
    sequence(time(notBefore), time(notAfter)),
    named(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(extension)),
  )
  const der = sequence(signed, ecdsaSha256, bits(sign('sha256', signed, issuer.signingKey)))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
