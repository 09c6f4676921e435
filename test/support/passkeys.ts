// People with passkeys, as far as HTTP goes: each ceremony is a request for options, an authenticator, and a form.
import { expect } from 'vitest'
import { Authenticator, type Changes, type Options } from './authenticator.ts'
import { Visitor } from './visitor.ts'
import { ORIGIN } from './worker.ts'

type Fields = Record<string, string>

/** Asks what to sign; the challenge stays in the visitor's cookies. */
export async function optionsOf(visitor: Visitor, action: string, fields: Fields = {}): Promise<Options> {
  const response = await visitor.post(`${action}/options`, fields)
  expect(response.status).toBe(200)
  return (await response.json()) as Options
}

export async function addPasskey(
  visitor: Visitor,
  authenticator: Authenticator,
  changes: Changes = {},
  name = 'Key',
): Promise<Response> {
  const options = await optionsOf(visitor, '/login/passkey/add')
  return visitor.post('/login/passkey/add', {
    name,
    ...(await authenticator.attest(options, changes)),
  })
}

export async function signInWith(
  visitor: Visitor,
  authenticator: Authenticator,
  changes: Changes = {},
): Promise<Response> {
  const options = await optionsOf(visitor, '/login/passkey')
  return visitor.post('/login/passkey', await authenticator.sign(options, changes))
}

/** An invitation by the owner: the link, as a path. */
export async function invite(owner: Visitor, name = 'Ada'): Promise<string> {
  const page = await owner.post('/login/passkey/invite', { name })
  expect(page.status).toBe(200)
  const url = /<code>([^<]+)<\/code>/.exec(await page.text())?.[1] as string
  expect(url.startsWith(`${ORIGIN}/login/passkey/invitation?token=`)).toBe(true)
  return url.slice(ORIGIN.length)
}

export function tokenIn(link: string): string {
  return new URL(link, ORIGIN).searchParams.get('token') as string
}

/** Accepts an invitation. */
export async function join(
  visitor: Visitor,
  link: string,
  authenticator: Authenticator,
  changes: Changes = {},
  fields: Fields = { name: 'Ada' },
): Promise<Response> {
  const form = { token: tokenIn(link), ...fields }
  const options = await optionsOf(visitor, '/login/passkey/invitation', form)
  return visitor.post('/login/passkey/invitation', {
    ...form,
    ...(await authenticator.attest(options, changes)),
  })
}

/** A signed-in person, and a passkey of theirs that signs them in. */
export async function withPasskey(
  visitor?: Visitor,
): Promise<{ visitor: Visitor; authenticator: Authenticator }> {
  const person = visitor ?? (await Visitor.signedIn())
  const authenticator = await Authenticator.create(ORIGIN)
  expectDone(await addPasskey(person, authenticator), 'passkey-added')
  return { visitor: person, authenticator }
}

export function expectSignedIn(response: Response, returnTo = '/account'): void {
  expect(`${response.status} ${response.headers.get('Location')}`).toBe(`303 ${returnTo}`)
}

export function expectDone(response: Response, done: string): void {
  expectSignedIn(response, `/account?done=${done}#passkeys`)
}

/** The account page of the signed-in user. */
export async function accountPage(visitor: Visitor): Promise<string> {
  const response = await visitor.get('/account')
  expect(response.status).toBe(200)
  return response.text()
}
