// A handler that acts for its user upstream: a `fetch` with the token that their sign-in at a provider has brought. The
// token stays between the account that keeps it and the provider that issued it.
import { fetchOutside } from '../http/outgoing.ts'
import { logError } from '../log/log.ts'
import { accountOf } from '../people/account-store.ts'
import { admissionOf } from '../people/identity.ts'
import type { Settings } from '../settings/load.ts'
import { ToolError, type UpstreamFetch } from './handler.ts'

export function upstreamOf(env: Env, settings: Settings, userId: string): (name: string) => UpstreamFetch {
  return (name) => async (url, init) => {
    const admission = await admissionOf(settings)
    const token = await accountOf(env, userId)
      .upstreamToken(name, userId, admission)
      .catch((error: unknown) => {
        logError(error, { method: name })
        throw new ToolError(`${name} does not answer. Try again in a moment.`)
      })
    if (!token)
      throw new ToolError(`The user has to sign in with ${name} on this server's /login page first.`)
    const target = new URL(url, token.origins[0])
    if (!token.origins.includes(target.origin)) throw new Error(`${target.origin} is no API of ${name}.`)
    const headers = new Headers(init?.headers)
    headers.set('Authorization', `Bearer ${token.token}`)
    // Not even where the tool would follow: a redirect may lead to another origin.
    return fetchOutside(
      target,
      { ...init, headers, redirect: 'manual' },
      headers.get('User-Agent') ?? undefined,
    )
  }
}
