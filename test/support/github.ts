// GitHub, as far as signing in there and listing repositories goes.

import { randomSecret } from '#engine/crypto/secrets.ts'
import { type Parameters, readForm } from '#engine/http/parameters.ts'
import { codeChallengeOf } from '#engine/oauth/pkce.ts'
import { seenSecrets } from './secrets.ts'

export const GITHUB = 'https://github.com'
export const GITHUB_API = 'https://api.github.com'
export const GITHUB_CLIENT = { id: 'Iv1.gatehouse', secret: randomSecret() }

interface Person {
  readonly id: number
  readonly login: string
  readonly name: string | null
  /** By name. */
  readonly organisations?: Readonly<Record<string, { readonly id: number; readonly state: string }>>
  readonly repositories?: readonly string[]
}

export class GitHub {
  /** Who has the browser. */
  person: Person = { id: 1, login: 'Octocat', name: 'Mona' }
  /** The user of each access token. */
  readonly tokens = new Map<string, Person>()
  /** What its API was asked for, with which token. */
  readonly asked: { readonly path: string; readonly token: string }[] = []
  /** The scopes of the last authorization request. */
  scope: string | null = null
  readonly #codes = new Map<string, { person: Person; challenge: string; redirectUri: string }>()

  /** What the person meets there, and agrees to. Returns where they are sent. */
  authorize(location: string | null): URL {
    const { origin, pathname, searchParams } = new URL(location as string)
    const redirectUri = searchParams.get('redirect_uri') ?? ''
    const valid =
      `${origin}${pathname}` === `${GITHUB}/login/oauth/authorize` &&
      searchParams.get('client_id') === GITHUB_CLIENT.id &&
      searchParams.get('code_challenge_method') === 'S256'
    if (!valid) throw new Error(`Not an authorization request: ${location}`)
    this.scope = searchParams.get('scope')
    const code = randomSecret()
    const challenge = searchParams.get('code_challenge') ?? ''
    this.#codes.set(code, { person: this.person, challenge, redirectUri })
    const back = new URL(redirectUri)
    back.search = new URLSearchParams({ code, state: searchParams.get('state') ?? '' }).toString()
    return back
  }

  /** Both of its sites. */
  readonly answer = async (request: Request): Promise<Response> => {
    const { origin, pathname } = new URL(request.url)
    if (origin === GITHUB_API) return this.#api(request)
    if (pathname === '/login/oauth/authorize') return this.#page(request.url)
    if (pathname === '/login/oauth/access_token') return this.#token(await readForm(request))
    return new Response(null, { status: 404 })
  }

  #page(url: string): Response {
    const href = this.authorize(url).href.replaceAll('&', '&amp;')
    return new Response(`<!doctype html><title>GitHub</title><a href="${href}">Authorize Gatehouse</a>`, {
      headers: { 'Content-Type': 'text/html' },
    })
  }

  async #token(fields: Parameters): Promise<Response> {
    const code = this.#codes.get(fields.get('code') ?? '')
    this.#codes.delete(fields.get('code') ?? '')
    const valid =
      code?.redirectUri === fields.get('redirect_uri') &&
      code?.challenge === (await codeChallengeOf(fields.get('code_verifier') ?? '')) &&
      fields.get('client_id') === GITHUB_CLIENT.id &&
      fields.get('client_secret') === GITHUB_CLIENT.secret
    // It says 200 even when it says no.
    if (!code || !valid) return Response.json({ error: 'bad_verification_code' })
    const token = `gho_${randomSecret().slice(0, 36)}`
    seenSecrets.add(token)
    this.tokens.set(token, code.person)
    return Response.json({ access_token: token, token_type: 'bearer', scope: this.scope })
  }

  #api({ url, headers }: Request): Response {
    const { pathname } = new URL(url)
    const [, token = ''] = /^Bearer (\S+)$/.exec(headers.get('Authorization') ?? '') ?? []
    this.asked.push({ path: pathname, token })
    const person = this.tokens.get(token)
    if (!person) return Response.json({ message: 'Bad credentials' }, { status: 401 })
    if (!headers.get('User-Agent')) return new Response('Request forbidden', { status: 403 })
    const { organisations = {}, repositories = [], ...user } = person
    if (pathname === '/user') return Response.json(user)
    if (pathname === '/user/repos') return Response.json(repositories.map(repository))
    const [, name = ''] = /^\/user\/memberships\/orgs\/(.+)$/.exec(pathname) ?? []
    const membership = organisations[name]
    if (!membership) return Response.json({ message: 'Not Found' }, { status: 404 })
    return Response.json({ state: membership.state, organization: { login: name, id: membership.id } })
  }
}

function repository(full_name: string) {
  return { full_name, description: `All about ${full_name}`, html_url: `${GITHUB}/${full_name}` }
}
