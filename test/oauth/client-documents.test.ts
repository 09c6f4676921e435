// Client ID Metadata Documents, as they should go: draft-ietf-oauth-client-id-metadata-document.

import { createExecutionContext, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import worker from '#worker'
import { DocumentHost } from '../support/document-host.ts'
import { callTool, OAuthClient, REDIRECT_URI } from '../support/oauth-client.ts'
import { grantIdOf } from '../support/outcome.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { ORIGIN, send } from '../support/worker.ts'

let host: DocumentHost

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  host = DocumentHost.install()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000)
}

const HOUR = 3600
const DAY = 24 * HOUR

describe('a client described by a document', () => {
  it('connects, calls a tool and refreshes without having registered', async () => {
    const metadata = await (await send('/.well-known/oauth-authorization-server')).json()
    expect(metadata).toMatchObject({ client_id_metadata_document_supported: true })
    const app = await OAuthClient.described(host.publish())
    const person = new Visitor()
    const { url } = await app.authorizationRequest()
    const consent = await person.openConsent(url)
    expect(consent.html).toContain('Described app')
    expect(consent.html).toContain(new URL(app.id).host)
    const tokens = await app.connect(person)
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    expect((await app.refresh(tokens.refresh_token)).status).toBe(200)
    expect(await person.hasConnected(app.id)).toBe(true)
    expect(host.fetched).toEqual([app.id])
  })

  it('is fetched once by all who ask at the same time', async () => {
    const app = await OAuthClient.described(host.publish())
    const person = await Visitor.signedIn()
    const { url } = await app.authorizationRequest()
    const pages = await Promise.all(Array.from({ length: 10 }, () => person.get(url)))
    expect(pages.map((page) => page.status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect(host.fetched).toHaveLength(1)
  })

  it.each([
    ['for five minutes, when it does not say for how long', {}, 299, 2],
    ['for as long as it says', { 'Cache-Control': 'public, max-age=3600' }, 3599, 2],
    ['for five minutes at least', { 'Cache-Control': 'no-store, max-age=0' }, 299, 2],
    ['for a day at most', { 'Cache-Control': 'max-age=31536000' }, DAY - 1, 2],
  ])('is remembered %s', async (_, headers, fresh, over) => {
    const app = await OAuthClient.described(host.publish({}, headers))
    const person = await Visitor.signedIn()
    const { url } = await app.authorizationRequest()
    await person.get(url)
    pass(fresh)
    await (await Visitor.signedIn()).get(url)
    expect(host.fetched).toHaveLength(1)
    pass(over)
    await (await Visitor.signedIn()).get(url)
    expect(host.fetched).toHaveLength(2)
  })

  it.each([
    ['gives no answer', undefined],
    ['answers 500', () => new Response(null, { status: 500 })],
    ['answers 403', () => new Response(null, { status: 403 })],
    ['answers 429', () => new Response(null, { status: 429 })],
  ])('goes on for a week while its address %s', async (_, answer) => {
    const app = await OAuthClient.described(host.publish())
    const { refresh_token } = await app.connect()
    if (answer) host.answer(app.id, answer)
    else host.unplug(app.id)
    pass(6 * DAY)
    const refreshed = await app.refresh(refresh_token)
    expect(refreshed.status).toBe(200)
    const { refresh_token: next } = (await refreshed.json()) as { refresh_token: string }
    pass(2 * DAY)
    // The server cannot know whether the client still exists, so it does not refuse it.
    const refused = await app.refresh(next)
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable' })
  })

  it('leaves one copy in KV when a person approves it, and none before', async () => {
    const writes = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'put')
    const app = await OAuthClient.described(host.publish())
    const person = await Visitor.signedIn()
    const { url } = await app.authorizationRequest()
    const consent = await person.openConsent(url)
    expect(writes).not.toHaveBeenCalled()
    await consent.allow()
    const keys = () => writes.mock.calls.map(([key]) => String(key).split(':')[0]).sort()
    await vi.waitFor(() => expect(keys()).toEqual(['cimd', 'grant']))
    await app.authorize(person)
    expect(keys()).toEqual(['cimd', 'grant', 'grant'])
  })

  // Everybody may use the same one: its end must not cost what the others have.
  it('has an object that knows what it was given, until that must be over', async () => {
    const app = await OAuthClient.described(host.publish())
    const tokens = [await app.connect(), await app.connect(await Visitor.as('Ada'))]
    const object = env.CLIENTS.getByName(app.id)
    const given = (await object.givenGrants(10)).toSorted()
    expect(given).toEqual(tokens.map(({ refresh_token }) => grantIdOf(refresh_token)).toSorted())
    expect(await object.read()).toBeUndefined()
    // Its id is no client id.
    const stranger = await new Visitor().get(`/authorize?client_id=${object.id}&redirect_uri=${REDIRECT_URI}`)
    await expectPage(stranger, 400)
    expect(await runDurableObjectAlarm(object)).toBe(true)
    expect(await object.givenGrants(10)).toEqual([])
  })
})

describe('the policy about document hosts', () => {
  const authorize = async (url: URL, hosts: string) =>
    worker.fetch(new Request(url), { ...env, CLIENT_DOCUMENT_HOSTS: hosts }, createExecutionContext())

  it.each([
    ['another host', () => 'other.gatehouse-tests.dev', 400],
    ['no host', () => '', 400],
    ['a list that names it', (own: string) => `${own}, claude.ai`, 303],
    ['anyone', () => '*', 303],
  ])('of accepting %s is kept', async (_, hosts, status) => {
    const app = await OAuthClient.described(host.publish())
    const { url } = await app.authorizationRequest()
    const response = await authorize(url, hosts(new URL(app.id).host))
    expect(response.status).toBe(status)
    expect(host.fetched).toHaveLength(status === 400 ? 0 : 1)
  })

  it('that accepts no host shows in the metadata', async () => {
    const metadata = await authorize(new URL('/.well-known/oauth-authorization-server', ORIGIN), '')
    expect(await metadata.json()).toMatchObject({ client_id_metadata_document_supported: false })
  })
})
