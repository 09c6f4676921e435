// JURISDICTION: no object is made or reached but in the jurisdiction that it names. Local workerd has no jurisdictions, so
// the namespace is followed here to where the engine asks for one.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readJurisdiction } from '#engine/settings/jurisdiction.ts'
import { McpSession } from '../support/mcp-session.ts'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'
import { form, randomAddress, send } from '../support/worker.ts'

// Before the first request, which reads the settings once.
Object.assign(env, { JURISDICTION: 'eu' })

type Method = (...args: unknown[]) => unknown

const METHODS = ['get', 'getByName', 'idFromName', 'idFromString', 'newUniqueId'] as const
const namespaces: object = Object.getPrototypeOf(env.GRANTS)
/** What was asked of a whole namespace. */
let anywhere: string[]
/** Where objects were asked for. */
let asked: Set<unknown>

beforeEach(() => {
  anywhere = []
  asked = new Set()
  const original = Object.fromEntries(METHODS.map((name) => [name, Reflect.get(namespaces, name)]))
  for (const name of METHODS) {
    vi.spyOn(namespaces as Record<string, () => unknown>, name).mockImplementation(function (
      this: unknown,
      ...args: unknown[]
    ) {
      anywhere.push(name)
      return Reflect.apply(original[name] as Method, this, args)
    })
  }
  vi.spyOn(namespaces as Record<string, () => unknown>, 'jurisdiction').mockImplementation(function (
    this: unknown,
    ...[where]: unknown[]
  ) {
    asked.add(where)
    return new Proxy(this as object, {
      get:
        (namespace, name) =>
        (...args: unknown[]) =>
          Reflect.apply(original[String(name)] as Method, namespace, args),
    })
  })
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe('with JURISDICTION every object', () => {
  it('is in it: of clients, grants, accounts, events, people, devices and sessions', async () => {
    const person = await Visitor.signedIn()
    const app = await OAuthClient.registered()
    const tokens = await app.connect(person)
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string }
    expect((await app.token(refresh)).status).toBe(200)
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    await McpSession.open(tokens.access_token)
    const asks = form({ client_id: app.id, scope: 'notes:read' })
    const headers = { 'CF-Connecting-IP': randomAddress() }
    await send('/device_authorization', { method: 'POST', body: asks, headers })
    for (const page of ['/account', '/admin', '/account/export']) {
      expect((await person.get(page)).status, page).toBe(200)
    }
    expect((await app.revoke(tokens.access_token)).status).toBe(200)
    expect([...asked]).toEqual(['eu'])
    expect(anywhere).toEqual([])
  })

  it.each(['EU', 'us', 'eu '])('needs one that Cloudflare has, and %j is none', (value) => {
    expect(() => readJurisdiction(value)).toThrow('JURISDICTION must be empty or one of these: eu, ')
  })
})
