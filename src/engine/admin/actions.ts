// The buttons of the owner's pages: what each asks, does, and says afterwards. Each that is dangerous is asked once, by
// GET /admin/ask?do=…, whose form posts to /admin/….
import { PageError } from '../http/page-error.ts'
import { findRegistration } from '../oauth/clients/overview-store.ts'
import type { Ended } from '../oauth/grants/user-store.ts'
import { isUserId } from '../people/identity.ts'
import {
  disablePerson,
  enablePerson,
  endApps,
  endPasskeys,
  endRegistration,
  endSessions,
  endTokens,
  type Subject,
} from './end.ts'
import { nameOfPerson } from './overview.ts'

/** What a form or an address of the owner's pages names. */
export type Fields = Readonly<Record<'user' | 'client_id' | 'registration', string | undefined>>

export interface Action {
  readonly title: string
  /** In the words of the page that asks; undefined for what needs no question. */
  readonly consequences?: string
  readonly button: string
  readonly fields: readonly (keyof Fields)[]
  readonly run: (env: Env, owner: Owner, fields: Fields) => Promise<Ended>
  /** What the page says when it is done. */
  readonly notice: string
}

export type Owner = Omit<Subject, 'userId'>

const ofPerson =
  (end: (env: Env, subject: Subject, clientId?: string) => Promise<Ended>): Action['run'] =>
  async (env, owner, { user = '', client_id }) =>
    isUserId(user) ? end(env, { ...owner, userId: user }, client_id) : 'gone'

export const ACTIONS: Readonly<Record<string, Action>> = {
  revoke: {
    title: 'Revoke an app',
    consequences: 'The app can no longer act for this person. They can allow it again.',
    button: 'Revoke',
    fields: ['user', 'client_id'],
    run: ofPerson(endApps),
    notice: 'Revoked. The app loses access within two minutes.',
  },
  'revoke-all': {
    title: 'Revoke all apps of a person',
    consequences: 'No app can act for this person any more. They stay signed in, and can allow apps again.',
    button: 'Revoke all',
    fields: ['user'],
    run: ofPerson((env, subject) => endApps(env, subject)),
    notice: 'Their apps are revoked, and lose access within two minutes.',
  },
  'sign-out': {
    title: 'Sign a person out',
    consequences: 'This ends their sessions in every browser. Their apps stay, and they can sign in again.',
    button: 'Sign out',
    fields: ['user'],
    run: ofPerson(endSessions),
    notice: 'They are signed out everywhere.',
  },
  'remove-passkeys': {
    title: 'Remove the passkeys of a person',
    consequences:
      'Their passkeys no longer sign them in. A user without another way to sign in needs a new invitation, which leads to a new account. Sessions stay: sign them out, too.',
    button: 'Remove passkeys',
    fields: ['user'],
    run: ofPerson(endPasskeys),
    notice: 'Their passkeys are removed.',
  },
  'revoke-tokens': {
    title: 'Revoke the personal access tokens of a person',
    consequences: 'Scripts with these tokens can no longer act for this person. They can make new tokens.',
    button: 'Revoke tokens',
    fields: ['user'],
    run: ofPerson(endTokens),
    notice: 'Their tokens are revoked, and stop working within two minutes.',
  },
  disable: {
    title: 'Disable a person',
    consequences:
      'They are signed out, their apps are revoked, and they cannot sign in until you enable them again. Until then the server also refuses their personal access tokens. Their data stays.',
    button: 'Disable',
    fields: ['user'],
    run: ofPerson(disablePerson),
    notice: 'Disabled. They cannot sign in, and their apps lose access within two minutes.',
  },
  enable: {
    title: 'Enable a person',
    button: 'Enable',
    fields: ['user'],
    run: ofPerson(enablePerson),
    notice: 'Enabled. They can sign in again, and must approve their apps again.',
  },
  remove: {
    title: 'Remove a registration',
    consequences: 'This ends every approval of this app. It can register again, if your settings permit it.',
    button: 'Remove',
    fields: ['registration'],
    run: (env, { actor }, { registration = '' }) => endRegistration(env, actor, registration),
    notice: 'Removed. It loses access within two minutes, and must register again to connect.',
  },
}

/** @throws PageError 404 */
export function requireAction(name: string | undefined): Action & { readonly consequences: string } {
  const action = Object.hasOwn(ACTIONS, name ?? '') ? ACTIONS[name as string] : undefined
  if (action?.consequences !== undefined) return { ...action, consequences: action.consequences }
  throw new PageError(404, 'There is no such button', 'Go back, and choose again.', {
    href: '/admin',
    text: 'Your server',
  })
}

/** The name of the person or app of an action; undefined where the server does not know it. @throws OAuthError 503 */
export async function subjectOf(env: Env, { user, registration }: Fields): Promise<string | undefined> {
  if (user !== undefined) return isUserId(user) ? nameOfPerson(env, user) : undefined
  return registration === undefined ? undefined : (await findRegistration(env, registration))?.name
}
