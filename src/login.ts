// Who signs in: one line per login method. docs/login.md describes each, and how to write your own.
import type { LoginMethod } from '#engine/login/method.ts'
import { passphrase } from '#engine/login/passphrase.tsx'

export const login: readonly LoginMethod[] = [passphrase]
