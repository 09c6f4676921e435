// A form that a passkey completes; script.ts shows its button, and fills it in.
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'

const FILLED_IN = [
  'credentialId',
  'clientDataJSON',
  'authenticatorData',
  'publicKey',
  'publicKeyAlgorithm',
  'signature',
  'userHandle',
] as const

interface Props {
  readonly action: string
  readonly button: string
  /** Inline SVG. */
  readonly icon?: string
  readonly primary?: boolean
  readonly children?: Child
}

/** `<action>/options` returns the options for the authenticator. */
export function PasskeyForm({ action, button, icon, primary, children }: Props) {
  return (
    <form method="post" action={action} data-options={`${action}/options`}>
      {children}
      {FILLED_IN.map((name) => (
        <input type="hidden" name={name} />
      ))}
      <p class="notice" role="alert" hidden></p>
      <button type="submit" class={primary ? 'primary' : undefined} hidden>
        {icon !== undefined && raw(icon)}
        {button}
      </button>
      <noscript>
        <p class="quiet">Passkeys need JavaScript, which is off in this browser.</p>
      </noscript>
    </form>
  )
}
