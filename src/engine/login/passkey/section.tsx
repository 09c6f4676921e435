// What the account page shows: the passkeys of the person, and to the owner the invitations.
import { day, minute } from '../../pages/time.tsx'
import type { Invitation } from '../../people/invitations.ts'
import type { PasskeyDescription } from '../../people/passkeys.ts'
import { PasskeyForm } from './form.tsx'

const NOTICES: Record<string, string> = {
  'passkey-added': 'The passkey is added. It signs you in from now on.',
  'passkey-renamed': 'The passkey has its new name.',
  'passkey-removed':
    'The passkey is removed. If another person may have used it, sign out everywhere, too. Your device may still offer it: delete it there.',
  'invitation-withdrawn': 'The invitation is withdrawn.',
}

interface Props {
  readonly passkeys: readonly PasskeyDescription[]
  /** The method by which the person can come in without any passkey. */
  readonly otherWay: string | undefined
  /** Undefined for those who may not invite. */
  readonly invitations: readonly Invitation[] | undefined
  readonly done: string | undefined
}

export function Section({ passkeys, otherWay, invitations, done = '' }: Props) {
  const isOnlyWay = passkeys.length === 1 && otherWay === undefined
  const advice = isOnlyWay
    ? 'This one is your only way in: add another before you remove it.'
    : otherWay && `You can also sign in with ${otherWay}, so you may remove any of them.`
  return (
    <>
      <section id="passkeys">
        <h2>Passkeys</h2>
        {NOTICES[done] && (
          <p class="notice done" role="status">
            {NOTICES[done]}
          </p>
        )}
        <p class="quiet">
          A passkey signs you in with your fingerprint, your face or the PIN of your device.{' '}
          {passkeys.length > 0 && advice}
        </p>
        {passkeys.length > 0 && (
          <ul class="apps">
            {passkeys.map((passkey) => (
              <PasskeyCard {...passkey} removable={!isOnlyWay} />
            ))}
          </ul>
        )}
        <PasskeyForm action="/login/passkey/add" button="Add a passkey">
          <label for="new-passkey">
            Passkey name <span class="quiet">(optional)</span>
          </label>
          <input id="new-passkey" type="text" name="name" maxlength={100} autocomplete="off" />
        </PasskeyForm>
      </section>
      {invitations && <Invite invitations={invitations} />}
    </>
  )
}

function PasskeyCard({
  id,
  name,
  createdAt,
  lastUsedAt,
  removable,
}: PasskeyDescription & { removable: boolean }) {
  return (
    <li class="app">
      <div>
        <h3>
          <bdi>{name}</bdi>
        </h3>
        <p class="quiet">
          Added {day(createdAt)} · {lastUsedAt === null ? 'not used yet' : <>last used {day(lastUsedAt)}</>}
        </p>
        <details>
          <summary>Rename</summary>
          <form method="post" action="/login/passkey/rename">
            <input type="hidden" name="id" value={id} />
            <input
              type="text"
              name="name"
              value={name}
              maxlength={100}
              autocomplete="off"
              aria-label={`New name of ${name}`}
              required
            />
            <button type="submit" class="small">
              Save
            </button>
          </form>
        </details>
      </div>
      {removable && (
        <form method="post" action="/login/passkey/remove">
          <input type="hidden" name="id" value={id} />
          <button type="submit" class="danger small" aria-label={`Remove ${name}`}>
            Remove
          </button>
        </form>
      )}
    </li>
  )
}

function Invite({ invitations }: { invitations: readonly Invitation[] }) {
  return (
    <section id="invitations">
      <h2>Invite someone</h2>
      <p class="quiet">
        They get a link that works once, within seven days, and an account of their own with a passkey.
      </p>
      {invitations.length > 0 && (
        <ul class="apps">
          {invitations.map(({ id, name, expiresAt }) => (
            <li class="app">
              <div>
                <h3>
                  <bdi>{name}</bdi>
                </h3>
                <p class="quiet">Open until {minute(expiresAt)}</p>
              </div>
              <form method="post" action="/login/passkey/withdraw">
                <input type="hidden" name="id" value={id} />
                <button type="submit" class="danger small" aria-label={`Withdraw the invitation of ${name}`}>
                  Withdraw
                </button>
              </form>
            </li>
          ))}
        </ul>
      )}
      <form method="post" action="/login/passkey/invite">
        <label for="invited">Who is it?</label>
        <input id="invited" type="text" name="name" maxlength={100} autocomplete="off" required />
        <button type="submit">Make an invitation</button>
      </form>
    </section>
  )
}
