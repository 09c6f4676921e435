// What a request costs in CPU, by the process that runs the Worker: an ordinary one, and the dearest that a stranger can
// make of it. Requests go one at a time, many of a kind, and the median of a few rounds counts.
import { readdirSync, readFileSync } from 'node:fs'
import type { RawRequest } from './fuzz.ts'
import { FILLINGS, filled, MEMBERS } from './mutate.ts'

const ROUNDS = 3
const IN_A_ROUND = 4
const WARMING = 20

export interface Cost {
  readonly endpoint: string
  readonly ordinaryMs: number
  /** What makes it dearest. */
  readonly dearest: string
  readonly dearestMs: number
}

/** @param processes that run the Worker. Returns nothing where the operating system does not tell their CPU time. */
export async function costs(
  valid: readonly RawRequest[],
  send: (request: RawRequest) => Promise<unknown>,
  processes: readonly string[],
): Promise<Cost[]> {
  const measured: Cost[] = []
  // A refusal that comes before all of a body was sent breaks the connection.
  const sent = (request: RawRequest) => send(fromElsewhere(request)).catch(() => undefined)
  const perRequest = (request: RawRequest) =>
    medianCost(
      () => sent(request),
      () => cpuOf(processes),
    )
  const byEndpoint = new Map(valid.map((request) => [endpointOf(request), request]))
  // Code that has run a few times is compiled.
  for (const request of byEndpoint.values()) for (let n = 0; n < WARMING; n++) await sent(request)
  for (const [endpoint, request] of byEndpoint) {
    const ordinaryMs = await perRequest(request)
    if (ordinaryMs === undefined) return []
    let dearest = { what: 'nothing', ms: 0 }
    for (const [what, hostile] of hostileVariants(request)) {
      const ms = (await perRequest(hostile)) ?? 0
      if (ms > dearest.ms) dearest = { what, ms }
    }
    measured.push({ endpoint, ordinaryMs, dearest: dearest.what, dearestMs: dearest.ms })
  }
  return measured
}

function endpointOf({ method, path }: RawRequest): string {
  return `${method} ${path.split('?')[0]}`
}

/** CPU time that processes have used, in ms; undefined where the operating system does not tell. */
function cpuOf(processes: readonly string[]): number | undefined {
  try {
    const threads = processes.flatMap((pid) =>
      readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`),
    )
    const ran = threads.map((thread) => Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[0]))
    return ran.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6
  } catch {
    return undefined
  }
}

function hostileVariants(request: RawRequest): (readonly [string, RawRequest])[] {
  const isJson = request.headers['Content-Type'] === 'application/json'
  const bodies = Object.keys(isJson ? MEMBERS : FILLINGS).map(
    (what) => [what, filled(request, FILLINGS[what] ?? '', MEMBERS[what] ?? '')] as const,
  )
  const withHeader = (name: string, value: string): RawRequest => ({
    ...request,
    headers: { ...request.headers, [name]: value },
  })
  return [
    ...bodies,
    ...(isJson ? [['a million objects without a token', largeBody(request)] as const] : []),
    ['2,000 cookies', withHeader('Cookie', 'a=b; '.repeat(2_000))],
    ['a bearer of 8 kB', withHeader('Authorization', `Bearer ${'a'.repeat(8_000)}`)],
    ['a bearer of 4,000 dots', withHeader('Authorization', `Bearer ${'a.'.repeat(4_000)}`)],
    ['500 accepted types', withHeader('Accept', 'text/html;q=0.1,'.repeat(500))],
    ['400 repeated headers', manyHeaders(request)],
  ]
}

/** Larger than a message to /mcp may be, from a stranger who names a host that has refusals in the body of an answer. */
function largeBody(request: RawRequest): RawRequest {
  const large = filled(request, '', `"x":[${'{},'.repeat(1_000_000)}{}]`)
  const { Authorization: _, ...headers } = large.headers
  return { ...large, headers: { ...headers, 'User-Agent': 'openai-mcp/1.0.0' } }
}

/** Headers with two values each, beside a body in which each is looked for. */
function manyHeaders(request: RawRequest): RawRequest {
  const many = Array.from({ length: 400 }, (_, n) => [`Mcp-Param-${n}`, 'a,a'])
  return {
    ...filled(request, '', `"x":"${'a'.repeat(1_000_000)}"`),
    headers: { ...request.headers, ...Object.fromEntries(many) },
  }
}

/** In ms of CPU. */
async function medianCost(
  send: () => Promise<unknown>,
  cpu: () => number | undefined,
): Promise<number | undefined> {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = cpu()
    for (let n = 0; n < IN_A_ROUND; n++) await send()
    const after = cpu()
    if (before === undefined || after === undefined) return undefined
    rounds.push((after - before) / IN_A_ROUND)
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]
}

let asked = 0
/** From an address of its own, so that no limit answers in its place. */
function fromElsewhere(request: RawRequest): RawRequest {
  const address = `10.${(++asked >> 16) & 255}.${(asked >> 8) & 255}.${asked & 255}`
  return { ...request, headers: { ...request.headers, 'CF-Connecting-IP': address } }
}
