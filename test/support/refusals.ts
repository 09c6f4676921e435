// What a refusal looks like in each form.
import { expect } from 'vitest'
import { REDIRECT_URI } from './oauth-client.ts'
import { ORIGIN } from './worker.ts'

/** A page, never a redirect. Returns its HTML. */
export async function expectPage(response: Response, status: number): Promise<string> {
  expect(response.status).toBe(status)
  expect(response.headers.get('Location')).toBeNull()
  expect(response.headers.get('Content-Type')).toContain('text/html')
  return response.text()
}

/** RFC 6749 §4.1.2.1, RFC 9207 §2: an answer to the client, with nothing in it but what went wrong. */
export function expectErrorAnswer(location: string | null, error: string): void {
  const answer = new URL(location as string)
  expect(answer.origin + answer.pathname).toBe(REDIRECT_URI)
  expect(Object.fromEntries(answer.searchParams)).toEqual({
    error,
    error_description: expect.any(String),
    state: 'a state',
    iss: ORIGIN,
  })
}

/** RFC 6749 §5.2, RFC 7591 §3.2.2. */
export async function expectErrorJson(response: Response, status: number, error: string): Promise<void> {
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual({ error, error_description: expect.any(String) })
}

/** Redirects to the sign-in page: the browser has no session. */
export function expectSignInPage(response: Response): void {
  expect(response.status).toBe(303)
  expect(response.headers.get('Location')).toMatch(/^\/login\?return_to=/)
}
