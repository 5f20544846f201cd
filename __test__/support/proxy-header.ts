import fc from 'fast-check'
import type { Address } from 'miou/unix'

/* Headers of the PROXY protocol as a load balancer makes them: written from its specification, not from what reads them. */

export interface Ends {
  source: Address
  destination: Address
}

/** A header's bytes, and what is to be read out of them. */
export interface Header {
  bytes: Buffer
  version: 1 | 2
  ends: Ends | undefined
  values: { type: number; value: Buffer }[]
}

const port = fc.nat(65535)
const host4 = fc.ipV4()
/** Canonical text, as the system writes it, with its bytes. */
const host6 = fc
  .tuple(fc.array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 }))
  .map(([groups]) => {
    const bytes = Buffer.alloc(16)
    for (const [i, group] of groups.entries()) bytes.writeUInt16BE(group, 2 * i)
    return { text: groups.map((group) => group.toString(16)).join(':'), bytes }
  })

const line = (text: string): Buffer => Buffer.from(`PROXY ${text}\r\n`, 'latin1')

const version1 = fc.oneof(
  fc.tuple(host4, host4, port, port).map(([a, b, from, to]) => ({
    bytes: line(`TCP4 ${a} ${b} ${from} ${to}`),
    ends: { source: { host: a, port: from }, destination: { host: b, port: to } },
  })),
  fc.tuple(host6, host6, port, port).map(([a, b, from, to]) => ({
    bytes: line(`TCP6 ${a.text} ${b.text} ${from} ${to}`),
    ends: { source: { host: a.text, port: from }, destination: { host: b.text, port: to } },
  })),
  fc.stringMatching(/^( [!-~]{0,60})?$/).map((rest) => ({ bytes: line(`UNKNOWN${rest}`), ends: undefined })),
)

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** The whole of a header of version 2. */
export function binary(command: number, family: number, body: Buffer, length = body.length): Buffer {
  const fixed = Buffer.from([command, family, length >> 8, length & 255])
  return Buffer.concat([SIGNATURE, fixed, body])
}

const transport = fc.constantFrom(1, 2)
const ports = (from: number, to: number): Buffer => Buffer.from([from >> 8, from & 255, to >> 8, to & 255])
const octets = (host: string): Buffer => Buffer.from(host.split('.').map(Number))
const path = fc.stringMatching(/^\/[!-~]{0,107}$/)

const addressed = fc.oneof(
  fc.tuple(host4, host4, port, port).map(([a, b, from, to]) => ({
    family: 0x10,
    body: Buffer.concat([octets(a), octets(b), ports(from, to)]),
    ends: { source: { host: a, port: from }, destination: { host: b, port: to } } as Ends,
  })),
  fc.tuple(host6, host6, port, port).map(([a, b, from, to]) => ({
    family: 0x20,
    body: Buffer.concat([a.bytes, b.bytes, ports(from, to)]),
    ends: { source: { host: a.text, port: from }, destination: { host: b.text, port: to } } as Ends,
  })),
  fc.tuple(path, path).map(([a, b]) => {
    const body = Buffer.alloc(216)
    body.write(a, 0, 'latin1')
    body.write(b, 108, 'latin1')
    return { family: 0x30, body, ends: { source: { path: a }, destination: { path: b } } as Ends }
  }),
)

const values = fc.array(
  fc.record({ type: fc.nat(255), value: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) }),
  { maxLength: 5 },
)

const encoded = (list: Header['values']): Buffer =>
  Buffer.concat(list.flatMap(({ type, value }) => [Buffer.from([type, value.length >> 8, value.length & 255]), value]))

const version2 = fc.oneof(
  fc.tuple(addressed, transport, values).map(([{ family, body, ends }, kind, list]) => ({
    bytes: binary(0x21, family | kind, Buffer.concat([body, encoded(list)])),
    ends,
    values: list,
  })),
  // For itself, or of an unknown family: whatever it says is skipped.
  fc
    .tuple(fc.constantFrom(0x20, 0x21), fc.nat(255), fc.uint8Array({ maxLength: 300 }))
    .map(([command, kind, body]) => ({
      bytes: binary(command, command === 0x21 ? 0 : kind, Buffer.from(body)),
      ends: undefined,
      values: [],
    })),
)

/** Any header that is right. */
export const headers: fc.Arbitrary<Header> = fc.oneof(
  version1.map((header) => ({ ...header, version: 1 as const, values: [] })),
  version2.map((header) => ({ ...header, version: 2 as const })),
)
