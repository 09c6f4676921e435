// Joins PNG files into one animated PNG (PNG specification, third edition, §11.3.6).
import { crc32 } from 'node:zlib'

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')

interface Chunk {
  readonly type: string
  readonly data: Buffer
}

/**
 * Shows each frame for the same time, again and again. A program that knows no animation shows the first frame.
 * @param frames PNG files of one size and one color type
 * @param seconds how long each frame is shown
 */
export function animate(frames: readonly Buffer[], seconds: number): Buffer {
  const chunks = frames.map(chunksOf)
  const header = chunks[0]?.find(({ type }) => type === 'IHDR')
  if (header === undefined) throw new Error('An animation needs at least one PNG file.')
  let sequence = 0
  const body = chunks.flatMap((frame, index) => [
    chunk('fcTL', [sequence++, ...sizeOf(header), 0, 0], Buffer.from([0, seconds * 10, 0, 10, 0, 0])),
    ...frame
      .filter(({ type }) => type === 'IDAT')
      // The first frame is the picture itself; the data of the others has a number before it.
      .map(({ data }) => (index === 0 ? chunk('IDAT', [], data) : chunk('fdAT', [sequence++], data))),
  ])
  const control = chunk('acTL', [frames.length, 0])
  return Buffer.concat([SIGNATURE, chunk('IHDR', [], header.data), control, ...body, chunk('IEND', [])])
}

function sizeOf({ data }: Chunk): [number, number] {
  return [data.readUInt32BE(0), data.readUInt32BE(4)]
}

function chunksOf(png: Buffer): Chunk[] {
  const chunks: Chunk[] = []
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at)
    chunks.push({
      type: png.toString('latin1', at + 4, at + 8),
      data: png.subarray(at + 8, at + 8 + length),
    })
    at += 12 + length
  }
  return chunks
}

/** @param numbers of four bytes each, before the data */
function chunk(type: string, numbers: readonly number[], data: Buffer = Buffer.alloc(0)): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), ...numbers.map(fourBytes), data])
  return Buffer.concat([fourBytes(content.length - 4), content, fourBytes(crc32(content))])
}

function fourBytes(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return bytes
}
