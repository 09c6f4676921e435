// How many distances of storage a person or an app waits for, one after the other. docs/performance.md has the table.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OAuthClient } from '../support/oauth-client.ts'
import { tokensOf } from '../support/outcome.ts'
import { RoundTrips } from '../support/round-trips.ts'
import { Visitor } from '../support/visitor.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('operations of storage that follow one another before an answer', () => {
  it('are as few as each step needs', async () => {
    const trips = RoundTrips.install()
    const counted: Record<string, number> = {}
    const step = async <T>(name: string, take: () => Promise<T>): Promise<T> => {
      let result: T | undefined
      counted[name] = await trips.count(async () => {
        result = await take()
      })
      return result as T
    }
    const person = new Visitor()
    const app = await step('register', () => OAuthClient.registered())
    await step('sign in', () => person.signIn())
    const request = await app.authorizationRequest()
    const consent = await step('consent page', () => person.openConsent(request.url))
    const allowed = await step('approve', () => consent.submit())
    const code = new URL(allowed.headers.get('Location') as string).searchParams.get('code') as string
    const redemption = {
      grant_type: 'authorization_code',
      code,
      code_verifier: request.verifier,
      redirect_uri: request.redirectUri,
    }
    const { refresh_token } = await step('exchange', async () => tokensOf(app.token(redemption)))
    const refreshed = await step('refresh', async () => tokensOf(app.refresh(refresh_token)))
    await step('revoke', () => app.revoke(refreshed.refresh_token))
    expect(counted).toEqual({
      register: 1,
      'sign in': 1,
      'consent page': 1,
      // Session and client; the grant's object; the account, which decides; the client's object and the record.
      approve: 4,
      // The client, which KV keeps near; then the grant, which decides.
      exchange: 2,
      refresh: 2,
      revoke: 2,
    })
  })
})
