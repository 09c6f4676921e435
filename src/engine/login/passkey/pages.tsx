// The pages of an invitation: for the owner who has made it, and for the one who opens it.
import { THEME } from '#theme'
import { COPY, Copyable } from '../../pages/copyable.tsx'
import { page } from '../../pages/layout.tsx'
import { minute } from '../../pages/time.tsx'
import { PasskeyForm } from './form.tsx'
import { SCRIPT } from './script.ts'

interface Made {
  readonly name: string
  readonly url: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export function invitationMadePage({ name, url, expiresAt }: Made): Promise<Response> {
  return page({
    title: 'Invitation',
    nav: { owner: true },
    script: COPY,
    children: (
      <>
        <h1>
          Send this link to <bdi>{name}</bdi>
        </h1>
        <Copyable text={url} />
        <p>
          It is shown only now. It works once, until {minute(expiresAt)}. The first person to accept it gets
          an account of their own here, and sees nothing of yours.
        </p>
        <p>
          <a href="/account">Your account</a>
        </p>
      </>
    ),
  })
}

interface Invited {
  readonly token: string
  readonly name: string
  /** Who is signed in in this browser already. */
  readonly signedInAs: string | undefined
  /** Why the last try did not succeed. */
  readonly refusal: string | undefined
}

export function invitationPage({ token, name, signedInAs, refusal }: Invited): Promise<Response> {
  return page({
    title: 'Invitation',
    status: refusal ? 403 : 200,
    script: SCRIPT,
    children: (
      <>
        <h1>You are invited to {THEME.name}</h1>
        {refusal && (
          <p class="notice" role="alert">
            {refusal}
          </p>
        )}
        <p>
          Your device makes a passkey: from then on your fingerprint, your face or the PIN of the device signs
          you in. There is no password.
        </p>
        {signedInAs !== undefined && (
          <p class="notice">
            You are signed in as <bdi>{signedInAs}</bdi>. Going on makes another account, and uses the
            invitation up.
          </p>
        )}
        <PasskeyForm action="/login/passkey/invitation" button="Make my passkey" primary>
          <input type="hidden" name="token" value={token} />
          <label for="name">Your name</label>
          <input
            id="name"
            type="text"
            name="name"
            value={name}
            maxlength={100}
            autocomplete="name"
            required
          />
        </PasskeyForm>
      </>
    ),
  })
}
