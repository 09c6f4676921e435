// Read first: the whole story, from an app that has never seen this server to an app that is revoked.
import { afterEach, expect, it, vi } from 'vitest'
import { callTool, OAuthClient, REDIRECT_URI, structured, type Tokens } from './support/oauth-client.ts'
import { Visitor } from './support/visitor.ts'
import { MCP_URL, ORIGIN, send } from './support/worker.ts'

afterEach(() => {
  vi.useRealTimers()
})

it('lets an app in, lets it do what was allowed, and puts it out again', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })

  // An app knows one URL. It is refused, and told where to learn more.
  const refused = await callTool(undefined, 'whoami')
  expect(refused.status).toBe(401)
  const challenge = refused.headers.get('WWW-Authenticate') as string
  expect(challenge).toContain('scope="notes:read"')
  const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] as string
  expect(metadataUrl).toBe(`${ORIGIN}/.well-known/oauth-protected-resource/mcp`)
  expect(await (await send(metadataUrl)).json()).toMatchObject({
    resource: MCP_URL,
    authorization_servers: [ORIGIN],
  })

  // It discovers the authorization server, registers, and sends the person there.
  const app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
  const person = new Visitor()
  const { url, verifier } = await app.authorizationRequest({ scope: 'notes:read' })

  // The person signs in, and reads who asks, for what, and where the answer goes.
  const consent = await person.openConsent(url)
  expect(consent.html).toContain('Notes for Mac')
  expect(consent.html).toContain('client.example')
  expect(consent.html).toContain('Read and search your notes')
  expect(consent.scopes).toEqual(['notes:read'])
  const answer = await consent.allow()
  expect(answer.href.startsWith(REDIRECT_URI)).toBe(true)
  expect(answer.searchParams.get('state')).toBe('a state')
  expect(answer.searchParams.get('iss')).toBe(ORIGIN)

  // The app redeems the code and calls a tool.
  const code = answer.searchParams.get('code') as string
  const redemption = {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT_URI,
  }
  const tokens = (await (await app.token(redemption)).json()) as Tokens
  expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'notes:read' })
  expect(await structured(callTool(tokens.access_token, 'whoami'))).toMatchObject({
    name: 'Owner',
    clientId: app.id,
  })
  expect(await structured(callTool(tokens.access_token, 'list_notes'))).toEqual({ notes: [] })

  // The app may not write yet: the server names the scope, the app asks the user again, and then writes.
  const tooLittle = await callTool(tokens.access_token, 'add_note', { text: 'Buy milk' })
  expect(tooLittle.status).toBe(403)
  expect(tooLittle.headers.get('WWW-Authenticate')).toMatch(/error="insufficient_scope".*scope="notes:write"/)
  const wider = await app.connect(person, { scope: 'notes:read notes:write' })
  expect((await callTool(wider.access_token, 'add_note', { text: 'Buy milk' })).status).toBe(200)

  // An hour later the access token is over, and the app refreshes without anyone noticing.
  vi.setSystemTime(Date.now() + 3_601_000)
  expect((await callTool(wider.access_token, 'list_notes')).status).toBe(401)
  const fresh = (await (await app.refresh(wider.refresh_token)).json()) as Tokens
  expect(fresh.refresh_token).not.toBe(wider.refresh_token)
  const { notes } = await structured<{ notes: { text: string }[] }>(
    callTool(fresh.access_token, 'list_notes'),
  )
  expect(notes.map((note) => note.text)).toEqual(['Buy milk'])

  // The person sees one app, although it holds two grants, and revokes it. Both are over.
  const account = await (await person.get('/account')).text()
  expect(account.match(/<h3><bdi>Notes for Mac<\/bdi>/g)).toHaveLength(1)
  expect((await person.post('/account/revoke', { client_id: app.id })).status).toBe(303)
  expect(await (await person.get('/account')).text()).toContain('No app is connected')
  for (const { refresh_token } of [tokens, fresh]) {
    const dead = await app.refresh(refresh_token)
    expect(dead.status).toBe(400)
    expect(await dead.json()).toMatchObject({ error: 'invalid_grant' })
  }
  vi.setSystemTime(Date.now() + 61_000)
  expect((await callTool(fresh.access_token, 'list_notes')).status).toBe(401)
})
