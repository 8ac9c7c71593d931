import { hash } from 'node:crypto'

const words = (sha256: Buffer): [number, number] => [sha256.readUInt32LE(0), sha256.readUInt32LE(4)]

/** 64 bits under which a row is looked up. Whoever looks compares what the row has: a key that two share costs one of them that it is found. */
export const exactKey = {
  uri: (uri: string): [number, number] => words(hash('sha256', uri, 'buffer')),
  text: (id: string): [number, number] => words(Buffer.from(id.slice(0, 16), 'hex')),
}
