// Links that a handler gives to its user, to open in a browser: for one person, one path and a few minutes. The link is
// all that it takes, as with a signed URL of a store: everyone who gets hold of it can use it until it ends.
import { LIFETIME } from '#config'
import { seal, unseal } from '../crypto/seal.ts'
import { accountOf } from '../people/account-store.ts'
import { isUserId } from '../people/identity.ts'
import { loadSettings, type Settings } from '../settings/load.ts'

/** How long a link is good: at most 12 hours. */
export interface LinkOptions {
  readonly for: `${number}${'s' | 'm' | 'h'}`
}

/** What a link is sealed with. Everyone who has the link can read it. */
interface Content {
  readonly userId: string
  /** Path and query. */
  readonly path: string
  /** Of the account: sessions and links of another epoch are over. */
  readonly epoch: number
}

/** Of what a handler is given: where it runs, and for which user. */
interface For {
  readonly env: Env
  readonly origin: string
  readonly user: { readonly id: string; readonly expiresAt?: number }
}

const SECONDS = { s: 1, m: 60, h: 3600 } as const
// Last in the query, so that the rest of it is what was sealed, letter for letter.
const FORM = /^(.*)[?&]link=([\w-]+\.[\w-]+)$/

/**
 * An address on this server that knows its user, such as `signedLink(context, '/files/7', { for: '10m' })`. Put
 * `requireLink` before its route. It ends with its time, or when the person signs out everywhere, is
 * disabled, or is erased.
 * @param path path and query of a route
 * @throws Error for a path or a time of another form, for a machine, and where the account takes no links
 */
export async function signedLink(
  { env, origin, user: { id: userId, expiresAt = Number.POSITIVE_INFINITY } }: For,
  path: string,
  { for: time }: LinkOptions,
): Promise<string> {
  const url = new URL(path, origin)
  if (url.href !== origin + path || url.hash) throw new Error(`A link needs a path such as /files/7: ${path}`)
  const seconds = Math.min(secondsOf(time), (expiresAt - Date.now()) / 1000)
  // A machine has no account that could end its links.
  if (!isUserId(userId)) throw new Error('Only people get links.')
  const epoch = await accountOf(env, userId).linkEpoch()
  if (epoch === undefined) throw new Error('This account is erased or disabled.')
  const content: Content = { userId, path, epoch }
  const sealed = await seal(loadSettings(env), 'link', origin, content, seconds)
  return `${url.href}${url.search ? '&' : '?'}link=${sealed}`
}

function secondsOf(time: string): number {
  const [, number = '', unit = ''] = /^(\d+)([smh])$/.exec(time) ?? []
  const seconds = Number(number) * (SECONDS[unit as keyof typeof SECONDS] ?? 0)
  // An erased account remembers for longer than a session which of its links are over.
  if (seconds > 0 && seconds <= LIFETIME.session) return seconds
  throw new Error(`A link lasts from 1 second to ${LIFETIME.session / 3600} hours, such as '10m': ${time}`)
}

/** The id of the user that a link is for; undefined where it is forged, for another path, or over. */
export async function userOfLink(
  env: Env,
  settings: Settings,
  issuer: string,
  url: string,
): Promise<string | undefined> {
  const { pathname, search } = new URL(url)
  const [, path, sealed = ''] = FORM.exec(pathname + search) ?? []
  const content = await unseal<Content>(settings, 'link', issuer, sealed)
  if (!content || content.path !== path) return undefined
  const { userId, epoch } = content
  return (await accountOf(env, userId).linkEpoch()) === epoch ? userId : undefined
}
