// The owner uses the passphrase once, adds a passkey, and invites the family on /account.
import type { LoginMethod } from '#engine/login/method.ts'
import { passkey } from '#engine/login/passkey/passkey.tsx'
import { passphrase } from '#engine/login/passphrase.tsx'

export const login: readonly LoginMethod[] = [passkey, passphrase]
