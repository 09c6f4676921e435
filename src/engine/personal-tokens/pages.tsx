// The tokens of a person on the account page, and the page that shows a new one.
import { COPY, Copyable } from '../pages/copyable.tsx'
import { page } from '../pages/layout.tsx'
import { day } from '../pages/time.tsx'
import type { PersonalTokenDescription } from '../people/personal-tokens.ts'

/** How long a token can last, in days. */
export const LIFETIMES = [7, 30, 90, 365] as const

const USUAL_LIFETIME = 30

interface Props {
  readonly tokens: readonly PersonalTokenDescription[]
  /** What the person can let a token do. */
  readonly scopes: readonly { readonly name: string; readonly text: string }[]
  readonly done: string | undefined
}

export function Section({ tokens, scopes, done }: Props) {
  return (
    <section id="tokens">
      <h2>Tokens for scripts</h2>
      {done === 'token-revoked' && (
        <p class="notice done" role="status">
          Revoked. The token stops working within two minutes.
        </p>
      )}
      <p class="quiet">
        A personal access token lets a script act for you, without a browser. Anyone who has it can use it.
        For an app, connect the app instead.
      </p>
      {tokens.length > 0 && (
        <ul class="apps">
          {tokens.map((token) => (
            <TokenCard {...token} />
          ))}
        </ul>
      )}
      <details>
        <summary>Make a token</summary>
        <form method="post" action="/account/tokens/make">
          <label for="token-name">What is it for?</label>
          <input id="token-name" type="text" name="name" maxlength={100} autocomplete="off" required />
          <label for="token-days">How long does it last?</label>
          <select id="token-days" name="days">
            {LIFETIMES.map((days) => (
              <option value={String(days)} selected={days === USUAL_LIFETIME}>
                {days} days
              </option>
            ))}
          </select>
          {scopes.length > 0 && (
            <fieldset>
              <legend>What may it do?</legend>
              <ul class="scopes">
                {scopes.map(({ name, text }) => (
                  <li>
                    <label>
                      <input type="checkbox" name="scope" value={name} /> {text}
                    </label>
                  </li>
                ))}
              </ul>
            </fieldset>
          )}
          <button type="submit">Make the token</button>
        </form>
      </details>
    </section>
  )
}

function TokenCard({ id, name, scopes, createdAt, expiresAt, lastUsedAt }: PersonalTokenDescription) {
  return (
    <li class="app">
      <div>
        <h3>
          <bdi>{name}</bdi>
        </h3>
        <p class="quiet">{scopes.join(', ') || 'It knows who you are, and may do nothing else.'}</p>
        <p class="quiet">
          Made {day(createdAt)} · {lastUsedAt === null ? 'not used yet' : <>last used {day(lastUsedAt)}</>} ·
          until {day(expiresAt)}
        </p>
      </div>
      <form method="post" action="/account/tokens/revoke">
        <input type="hidden" name="id" value={id} />
        <button type="submit" class="danger small" aria-label={`Revoke ${name}`}>
          Revoke
        </button>
      </form>
    </li>
  )
}

interface Made {
  /** Whether the reader is the owner. */
  readonly owner: boolean
  readonly name: string
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export function tokenMadePage({ owner, name, text, expiresAt }: Made): Promise<Response> {
  return page({
    title: 'New token',
    nav: { owner },
    script: COPY,
    children: (
      <>
        <h1>
          Your token for <bdi>{name}</bdi>
        </h1>
        <Copyable text={text} />
        <p>
          Copy it now: it is shown only once. It works until {day(expiresAt)}, or until you revoke it. Keep it
          where only your script can read it, and never in a repository.
        </p>
        <p>
          <a href="/account#tokens">Your account</a>
        </p>
      </>
    ),
  })
}
