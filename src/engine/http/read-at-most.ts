// Reads a body up to a limit. Counts while it arrives, because a Content-Length can lie or be absent.

/** The body is larger than the bound. */
export class TooLarge extends Error {}

/** @throws TooLarge */
export async function readAtMost({ body }: Request | Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > limit) throw new TooLarge(`More than ${limit} bytes.`)
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

/** The same as text; what is not UTF-8 becomes U+FFFD. @throws TooLarge */
export async function readTextAtMost(message: Request | Response, limit: number): Promise<string> {
  return new TextDecoder().decode(await readAtMost(message, limit))
}
