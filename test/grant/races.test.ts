// Races on the real Durable Object, over HTTP: decided once, and the same for everyone.
import { describe, expect, it } from 'vitest'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'

const FIFTY = Array.from({ length: 50 })

describe('fifty at once', () => {
  it('redemptions of one code: one succeeds, and its tokens go on working', async () => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    const responses = await Promise.all(FIFTY.map(() => app.token(redemption)))
    const winners = responses.filter((response) => response.status === 200)
    expect(winners).toHaveLength(1)
    for (const loser of responses.filter((response) => response.status !== 200)) {
      expect(await loser.json()).toMatchObject({ error: 'invalid_grant' })
    }
    const tokens = (await (winners[0] as Response).json()) as Tokens
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    expect((await app.refresh(tokens.refresh_token)).status).toBe(200)
  })

  it('refreshes of one token: all are given the same next one, and every access token works', async () => {
    const app = await OAuthClient.registered()
    const { refresh_token } = await app.connect()
    const responses = await Promise.all(FIFTY.map(() => app.refresh(refresh_token)))
    const answers = await Promise.all(responses.map((response) => response.json() as Promise<Tokens>))
    expect(responses.map((response) => response.status)).toEqual(FIFTY.map(() => 200))
    expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1)
    for (const { access_token } of answers) expect((await callTool(access_token, 'whoami')).status).toBe(200)
    const next = await Promise.all(answers.map((answer) => app.refresh(answer.refresh_token)))
    expect(next.map((response) => response.status)).toEqual(FIFTY.map(() => 200))
  })
})
