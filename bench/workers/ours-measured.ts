// This Worker whole, with what the bench fills it with: by the engine's own objects, not by a hundred thousand sign-ins.
import { openGrant } from '../../src/engine/oauth/grants/opening-store.ts'
import type { Identity } from '../../src/engine/people/identity.ts'
import * as fixture from '../../test/fixture/src/index.ts'
import worker from './ours-at-distance.ts'

export * from './ours-at-distance.ts'

const DAY_MS = 24 * 3600 * 1000
/** As many at a time. */
const AT_ONCE = 100

type Act = (env: Env, asked: URLSearchParams) => Promise<unknown>

const ACTS: Readonly<Record<string, Act>> = {
  '/bench/verify': verify,
  '/bench/people': (env, asked) => directoryOf(env).fill(Number(asked.get('count'))),
  '/bench/given': (env, asked) => {
    const client = env.CLIENTS.get(env.CLIENTS.idFromString(asked.get('client') as string))
    return (client as unknown as DurableObjectStub<ClientObject>).fill(Number(asked.get('count')))
  },
  '/bench/grants': (env, asked) =>
    times(asked, () => allow(env, asked.get('user') ?? userId(0), asked.get('client') as string)),
  '/bench/events': (env, asked) =>
    times(asked, (n) =>
      env.AUDIT.getByName('audit').keep({
        event: 'consent.allowed',
        fields: JSON.stringify({
          user: userId(n),
          client: 'c'.repeat(64),
          grant: 'e'.repeat(64),
          scopes: ['notes:read'],
        }),
        person: `Person ${n}`,
        app: 'Bench',
        strangers: false,
      }),
    ),
}

function directoryOf({ DIRECTORY }: Env): DurableObjectStub<DirectoryObject> {
  return DIRECTORY.getByName('people') as unknown as DurableObjectStub<DirectoryObject>
}

export class DirectoryObject extends fixture.DirectoryObject {
  fill(count: number): void {
    for (let n = 0; n < count; n++)
      this.signedIn({ userId: userId(n), name: `Person ${n}`, method: 'passkey' })
  }
}

export class ClientObject extends fixture.ClientObject {
  fill(count: number): void {
    for (let n = 0; n < count; n++) {
      this.approve(Date.now() + 90 * DAY_MS, this.env.GRANTS.newUniqueId().toString())
    }
  }
}

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const act = ACTS[pathname]
    return act ? Response.json((await act(env, searchParams)) ?? null) : worker.fetch(request, env, context)
  },
}

function userId(n: number): string {
  return `user_${String(n).padStart(43, '0')}`
}

async function times(asked: URLSearchParams, act: (n: number) => Promise<unknown>): Promise<number> {
  const [from, count] = [Number(asked.get('from')), Number(asked.get('count'))]
  let done = 0
  for (let begin = from; begin < from + count; begin += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, from + count - begin) }, (_, n) => act(begin + n))
    const outcomes = await Promise.allSettled(some)
    done += outcomes.filter(({ status }) => status === 'fulfilled').length
  }
  return done
}

/** What a consent page leads to, without the page. */
function allow(env: Env, user: string, clientId: string) {
  const identity: Identity = {
    method: 'passkey',
    issuer: '',
    subject: user,
    name: 'Person',
    knownAs: [],
    invited: true,
  }
  const issuer = env.PUBLIC_URL
  const approval = {
    issuer,
    userId: user,
    identity,
    clientId,
    clientName: 'Bench',
    scopes: ['notes:read'],
    resource: `${issuer}/mcp`,
    place: '',
    session: { id: crypto.randomUUID(), epoch: 0 },
  }
  return openGrant(env, approval, {
    hash: '',
    redirectUri: '',
    codeChallenge: '',
    expiresAt: Date.now() + DAY_MS,
  })
}

/** The unit of what a request costs: one verification of an ES256 signature. */
async function verify(_env: Env, asked: URLSearchParams): Promise<void> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const data = new Uint8Array(300)
  const keys = (await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])) as CryptoKeyPair
  const signature = await crypto.subtle.sign(algorithm, keys.privateKey, data)
  for (let n = 0; n < Number(asked.get('count')); n++) {
    await crypto.subtle.verify(algorithm, keys.publicKey, signature, data)
  }
}
