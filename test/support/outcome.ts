// What an attack must leave behind: the right refusal, and a grant that is as alive or as dead as the rule says.
import { expect, vi } from 'vitest'
import { callTool, type OAuthClient, type Tokens } from './oauth-client.ts'
import { expectErrorJson } from './refusals.ts'

/** RFC 6749 §5.2: JSON, never cached, with this code and status. */
export async function expectRefusal(response: Response, error: string, status = 400): Promise<void> {
  await expectErrorJson(response, status, error)
  expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
  expect(response.headers.get('Cache-Control')).toBe('no-store')
}

/** RFC 6749 §5.2, and `Retry-After`: nothing that would make a client throw its registration or tokens away. */
export async function expectUnavailable(response: Response): Promise<void> {
  await expectRefusal(response, 'temporarily_unavailable', 503)
  expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0)
}

/** RFC 6750 §3.1: 401 with a challenge that says why, and where to learn more. */
export function expectInvalidToken(response: Response): void {
  expect(response.status).toBe(401)
  const challenge = response.headers.get('WWW-Authenticate')
  expect(challenge).toMatch(/^Bearer error="invalid_token", .*resource_metadata="https:\/\//)
}

export async function tokensOf(response: Response | Promise<Response>): Promise<Tokens> {
  const answer = await response
  const body = await answer.text()
  expect(`${answer.status} ${body}`).toMatch(/^200 /)
  return JSON.parse(body) as Tokens
}

/** The refresh token still brings an access token that is accepted. Returns what it brought. */
export async function expectLive(app: OAuthClient, refreshToken: string): Promise<Tokens> {
  const tokens = await tokensOf(app.refresh(refreshToken))
  expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
  return tokens
}

/** The refresh token fails at once, and the access token after two minutes. */
export async function expectOver(app: OAuthClient, tokens: Tokens): Promise<void> {
  await expectRefusal(await app.refresh(tokens.refresh_token), 'invalid_grant')
  pass(120)
  expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
}

/** Moves the one clock that test, Worker and objects share. It must have been faked. */
export function pass(seconds: number): void {
  expect(vi.isFakeTimers()).toBe(true)
  vi.setSystemTime(Date.now() + seconds * 1000)
}

/** Listens to the log from here on. Returns the lines so far, as they were written. */
export function listenToLog(): () => Record<string, unknown>[] {
  const spies = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')]
  return () => spies.flatMap(({ mock }) => mock.calls.map(([line]) => JSON.parse(String(line))))
}

/** Codes and refresh tokens are `<grant id>.<secret>`. */
export function grantIdOf(handle: string): string {
  return handle.split('.')[0] as string
}
