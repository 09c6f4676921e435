// The link of an invitation: which one it is, and whose object knows whether it is open. Sealed, so that made-up links
// cost no storage.
import type { Context } from 'hono'
import { LIFETIME } from '#config'
import { seal, unseal } from '../../crypto/seal.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { PageError } from '../../http/page-error.ts'
import { accountOf } from '../../people/account-store.ts'
import type { Invitation } from '../../people/invitations.ts'
import { orPage } from '../../people/session.ts'

interface Link {
  readonly owner: string
  readonly id: string
}

/** An invitation that can be redeemed, and the user who made it. */
export interface OpenInvitation extends Invitation {
  readonly owner: string
}

export async function invitationUrl(c: Context<AppEnv>, owner: string, { id }: Invitation): Promise<string> {
  const link: Link = { owner, id }
  const token = await seal(c.get('settings'), 'invitation', c.get('issuer'), link, LIFETIME.invitation)
  return `${c.get('issuer')}/login/passkey/invitation?token=${token}`
}

/** @throws PageError 410 */
export async function requireInvitation(
  c: Context<AppEnv>,
  token: string | undefined,
): Promise<OpenInvitation> {
  const link = await unseal<Link>(c.get('settings'), 'invitation', c.get('issuer'), token ?? '')
  const invitation = link && (await orPage(accountOf(c.env, link.owner).invitation(link.id)))
  if (!invitation) throw noLongerOpen()
  return { ...invitation, owner: link.owner }
}

export function noLongerOpen(): PageError {
  return new PageError(
    410,
    'This invitation is over',
    'It was used or withdrawn, or it is too old. If you have used it yourself, sign in with your passkey; otherwise ask for another one.',
    { href: '/login', text: 'Sign in' },
  )
}
