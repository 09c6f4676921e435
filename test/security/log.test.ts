// W3: the watch over the log (test/support/watch-log.ts stands around every file) sees what it should, and each security
// event leaves its line.
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { audit } from '#engine/log/audit.ts'
import { version } from '../../package.json'
import { hasItsFields } from '../support/log-lines.ts'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { expectLive, listenToLog, pass } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { secretsIn, seenSecrets } from '../support/secrets.ts'
import { Visitor } from '../support/visitor.ts'

describe('W3 the log', () => {
  let app: OAuthClient

  beforeAll(async () => {
    app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })
  })

  it('is searched for every secret of a sign-in, a grant and a call', async () => {
    const person = new Visitor()
    const redemption = await app.authorize(person)
    const response = await app.token(redemption)
    const { access_token, refresh_token } = (await response.json()) as Record<string, string>
    const cookie = [...person.cookies.values()][0] as string
    const secret = (handle: string) => handle.split('.')[1] as string
    for (const used of [
      app.secret,
      secret(redemption.code),
      redemption.code_verifier,
      access_token,
      cookie,
    ]) {
      expect(seenSecrets).toContain(used)
    }
    expect(seenSecrets).toContain(secret(refresh_token as string))
  })

  it('does not take ids for secrets', () => {
    expect(secretsIn(`"user":"user_${'A'.repeat(43)}","grant":"${'0'.repeat(64)}"`)).toEqual([])
  })

  it('has a form for each event, which the compiler and the watch hold', () => {
    // Kept from the watch, which would find them wrong.
    const lines = vi.spyOn(console, 'log').mockImplementation(() => {})
    audit('passkey.added', { user: 'user_1' })
    // @ts-expect-error a field is missing
    audit('consent.denied', { user: 'user_1' })
    // @ts-expect-error a field is too many
    audit('passkey.removed', { user: 'user_1', name: 'Ada' })
    // @ts-expect-error there is no such event
    audit('passkey.lost', { user: 'user_1' })
    const written = lines.mock.calls.map(([line]) => JSON.parse(line))
    lines.mockRestore()
    expect(written.map(hasItsFields)).toEqual([true, false, false, false])
  })

  it('has no query of an address', () => {
    const lines = listenToLog()
    audit('client.updated', { client: 'https://client.example/app.json?key=1', name: 'Ada?' })
    expect(lines()).toEqual([
      { event: 'client.updated', client: 'https://client.example/app.json', name: 'Ada?' },
    ])
    vi.restoreAllMocks()
  })
})

describe('W3 each security event leaves one line:', () => {
  const user = expect.stringMatching(/^user_/)
  const grant = expect.stringMatching(/^[0-9a-f]{64}$/)
  const ms = expect.any(Number)

  /** What was written meanwhile, one line each, in order. */
  async function linesOf(act: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
    const lines = listenToLog()
    await act()
    const written = lines()
    vi.restoreAllMocks()
    return written
  }

  it('registered', async () => {
    const [line, ...more] = await linesOf(() => OAuthClient.registered({ client_name: 'Notes for Mac' }))
    expect(line).toEqual({ event: 'client.registered', client: grant, name: 'Notes for Mac' })
    expect(more).toEqual([])
  })

  it('a sign-in that succeeds, and one that fails', async () => {
    const person = new Visitor()
    expect(await linesOf(() => person.signIn('/account', 'a wrong passphrase'))).toEqual([
      { event: 'signin.failed', method: 'passphrase', reason: 'wrong_passphrase' },
    ])
    expect(await linesOf(() => person.signIn())).toEqual([
      { event: 'signin.succeeded', user, method: 'passphrase' },
    ])
  })

  it('allowed, redeemed, refreshed', async () => {
    const app = await OAuthClient.registered()
    const person = await Visitor.signedIn()
    const client = app.id
    let redemption = {}
    const scopes = ['notes:read', 'notes:write']
    expect(
      await linesOf(async () => {
        redemption = await app.authorize(person)
      }),
    ).toEqual([{ event: 'consent.allowed', user, client, grant, scopes }])
    let refreshToken = ''
    expect(
      await linesOf(async () => {
        refreshToken = ((await (await app.token(redemption)).json()) as { refresh_token: string })
          .refresh_token
      }),
    ).toEqual([{ event: 'code.redeemed', user, client, grant }])
    expect(await linesOf(() => app.refresh(refreshToken))).toEqual([
      { event: 'token.refreshed', user, client, grant, generation: 1 },
    ])
    expect(await linesOf(() => app.refresh(refreshToken))).toEqual([
      { event: 'token.repeated', user, client, grant, generation: 1 },
    ])
  })

  it('denied', async () => {
    const app = await OAuthClient.registered()
    const consent = await (await Visitor.signedIn()).openConsent((await app.authorizationRequest()).url)
    expect(await linesOf(() => consent.deny())).toEqual([{ event: 'consent.denied', user, client: app.id }])
  })

  it('a code that came back, at once and later', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    await app.token(redemption)
    const ids = { user, client: app.id, grant }
    expect(await linesOf(() => app.token(redemption))).toEqual([
      { event: 'code.replayed', ...ids, outcome: 'refused' },
    ])
    pass(11)
    expect(await linesOf(() => app.token(redemption))).toEqual([
      { event: 'code.replayed', ...ids, outcome: 'revoked' },
      { event: 'grant.revoked', ...ids, reason: 'code_replayed' },
    ])
    vi.useRealTimers()
  })

  it('a refresh token that came back', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const app = await OAuthClient.registered()
    const first = await app.connect()
    const second = await expectLive(app, first.refresh_token)
    await expectLive(app, second.refresh_token)
    pass(200)
    const ids = { user, client: app.id, grant }
    expect(await linesOf(() => app.refresh(first.refresh_token))).toEqual([
      { event: 'token.replayed', ...ids },
      { event: 'grant.revoked', ...ids, reason: 'token_replayed' },
    ])
    vi.useRealTimers()
  })

  it('revoked, by the person and by the app', async () => {
    const app = await OAuthClient.registered()
    const person = await Visitor.signedIn()
    const ids = { user, client: app.id, grant }
    await app.connect(person)
    expect(await linesOf(() => person.post('/account/revoke', { client_id: app.id }))).toEqual([
      { event: 'grant.revoked', ...ids, reason: 'revoked_by_user' },
    ])
    const { refresh_token } = await app.connect(person)
    expect(await linesOf(() => app.revoke(refresh_token))).toEqual([
      { event: 'grant.revoked', ...ids, reason: 'revoked_by_client' },
    ])
  })

  it('a tool that was called, and a scope that was refused', async () => {
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect(undefined, { scope: 'notes:read' })
    const who = { user, client: app.id }
    expect(await linesOf(() => callTool(access_token, 'whoami'))).toEqual([
      { event: 'tool.called', ...who, tool: 'whoami', outcome: 'ok', ms },
      { event: 'mcp.request', ...who, operation: 'tools/call', tool: 'whoami', status: 200, ms, version },
    ])
    expect(await linesOf(() => callTool(access_token, 'add_note', { text: 'Milk' }))).toEqual([
      { event: 'scope.refused', ...who, operation: 'tools/call', tool: 'add_note', status: 403, ms, version },
    ])
  })

  it('a client that cannot prove who it is, and a token that is refused', async () => {
    const app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })
    const refresh = { grant_type: 'refresh_token', refresh_token: 'made up' }
    expect(await linesOf(() => app.token({ ...refresh, client_secret: 'wrong' }))).toEqual([
      { event: 'client.refused', client: app.id, reason: 'not_authenticated' },
    ])
    expect(await linesOf(() => app.token(refresh))).toEqual([
      { event: 'token.refused', client: app.id, grant_type: 'refresh_token', reason: 'unknown_token' },
    ])
  })

  it('a machine that was given a token', async () => {
    const machine = await Machine.owned()
    expect(await linesOf(() => machine.token())).toEqual([
      { event: 'token.issued', client: machine.id, grant_type: 'client_credentials', scopes: ['notes:read'] },
    ])
  })

  it('signed out, here and everywhere', async () => {
    const person = await Visitor.signedIn()
    expect(await linesOf(() => person.post('/account/sign-out-everywhere', {}))).toEqual([
      { event: 'signout.everywhere', user, by: 'user' },
    ])
    expect(await linesOf(() => person.post('/logout', {}))).toEqual([{ event: 'signout' }])
  })
})
