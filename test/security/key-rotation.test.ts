// A new signing key (`npm run rotate-keys`), while edges change from one version to the next at different moments.
import type { JWK } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { announceKey, replaceKey, switchKey } from '../../scripts/deployment/key-rotation.ts'
import { newSigningKey } from '../../scripts/setup.ts'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'
import { expectInvalidToken, pass } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, send } from '../support/worker.ts'

/** The settings of an edge, beside those that never change here. */
type Edge = Partial<Env>

let app: OAuthClient
let visitor: Visitor
let next: JWK
/** The versions of a rotation, in their order. */
let before: Edge
let announced: Edge
let switched: Edge

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  app = await OAuthClient.registered()
  visitor = new Visitor()
  next = await newSigningKey()
  before = {}
  announced = { ...before, ...announceKey(await publishedKeys(), next, Date.now()) }
  switched = { ...announced, ...switchKey(next) }
})

afterEach(() => {
  configure()
  vi.useRealTimers()
})

async function publishedKeys(): Promise<JWK[]> {
  return ((await (await send('/jwks')).json()) as { keys: JWK[] }).keys
}

/** Connects where this version runs. */
async function connectAt(edge: Edge): Promise<Tokens> {
  configure(edge)
  return app.connect(visitor)
}

async function statusAt(edge: Edge, token: string): Promise<number> {
  configure(edge)
  return (await callTool(token, 'whoami')).status
}

describe('a key rotation', () => {
  it.each([
    ['before and after the next key is announced', () => [before, announced]],
    ['before and after the next key signs', () => [announced, switched]],
  ])('refuses no token between edges %s', async (_when, edges) => {
    for (const issuing of edges()) {
      const { access_token, refresh_token } = await connectAt(issuing)
      for (const edge of edges()) {
        expect(await statusAt(edge, access_token)).toBe(200)
        expect((await app.refresh(refresh_token)).status).toBe(200)
      }
    }
  })

  it('leaves people signed in', async () => {
    await connectAt(before)
    for (const edge of [before, announced, switched, { ...before, ...replaceKey(next) }]) {
      configure(edge)
      expect((await visitor.get('/account')).status).toBe(200)
    }
  })

  it('has to announce the key first: an edge that has not heard of it refuses what it signs', async () => {
    const { access_token } = await connectAt(switched)
    expect(await statusAt(before, access_token)).toBe(401)
  })

  it('ends by itself: the old key is ignored when its last token has expired', async () => {
    const old = (await publishedKeys())[0]?.kid
    configure(switched)
    expect((await publishedKeys()).map(({ kid }) => kid)).toEqual([next.kid, old])
    const exp = JSON.parse(String(switched.ACCEPTED_KEYS)).keys[0].exp as number
    pass(exp - Date.now() / 1000 - 60)
    const { access_token } = await connectAt(announced)
    expect(await statusAt(switched, access_token)).toBe(200)
    pass(120)
    expect(await statusAt(switched, access_token)).toBe(401)
    expect((await publishedKeys()).map(({ kid }) => kid)).toEqual([next.kid])
  })

  it('that was cut short is begun anew, and what was signed meanwhile is accepted', async () => {
    const signedBefore = await connectAt(switched)
    const another = await newSigningKey()
    configure(switched)
    const again = { ...switched, ...announceKey(await publishedKeys(), another, Date.now()) }
    expect(await statusAt({ ...again, ...switchKey(another) }, signedBefore.access_token)).toBe(200)
  })
})

describe('a key that an attacker may have', () => {
  it('is worth nothing at once, and apps go on by themselves', async () => {
    const { access_token, refresh_token } = await connectAt(before)
    configure({ ...before, ...replaceKey(next) })
    await expectInvalidToken(await callTool(access_token, 'whoami'))
    const renewed = (await (await app.refresh(refresh_token)).json()) as Tokens
    expect((await callTool(renewed.access_token, 'whoami')).status).toBe(200)
    expect((await publishedKeys()).map(({ kid }) => kid)).toEqual([next.kid])
  })
})
